/** Finds the agent's greeting in what a login shell may print before it; what follows is frames. */
import type { Readable, Writable } from "node:stream";
import { Lines } from "./lines.ts";
import { AGENT_GREETING } from "./messages.ts";

/** A login shell says less than this. */
const LONGEST_PRELUDE_BYTES = 65_536;

/**
 * Passes what follows the greeting on to `frames`; `tell` hears the lines before it. Too long a prelude ends
 * `frames` with an error.
 */
export function afterGreeting(input: Readable, frames: Writable, tell: (line: string) => void): void {
  const greeting = Buffer.from(AGENT_GREETING);
  let held = Buffer.alloc(0);
  const search = (chunk: Uint8Array) => {
    held = Buffer.concat([held, chunk]);
    const at = held.indexOf(greeting);
    if (at === -1 && held.length <= LONGEST_PRELUDE_BYTES) return;
    input.off("data", search);
    if (at === -1) {
      frames.destroy(new Error(`it begins with ${held.length} bytes that are not the agent's`));
      return;
    }
    sayLines(held.subarray(0, at), tell);
    frames.write(held.subarray(at + greeting.length));
    input.pipe(frames);
  };
  input.on("data", search);
  input.once("end", () => {
    if (input.listeners("data").includes(search)) sayLines(held, tell);
    frames.end();
  });
}

function sayLines(bytes: Uint8Array, tell: (line: string) => void): void {
  const lines = new Lines((line) => {
    if (line.trim() !== "") tell(line);
  });
  lines.push(bytes);
  lines.end();
}
