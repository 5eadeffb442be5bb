/** Where in the user's own file an error came from: its first stack frame that is neither ours nor Node's. */
import { basename, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Where our own files lie, compiled (build/src/) and as source maps name them (src/). */
const OWN = ["../", "../../../src/"].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
/** "at name (file:///a/b.js:1:2)", "at /a/b.js:1:2" */
const FRAME = /(?:^|\(|\bat (?:async )?)(file:\/\/[^\n]*?|\/[^\n]*?)(?:\?[^\n:]*)?:(\d+(?::\d+)?)\)?$/;

/** "model.js:3:7", or null where the stack does not say. */
export function userFrame(thrown: unknown): string | null {
  const stack = thrown instanceof Error && typeof thrown.stack === "string" ? thrown.stack : "";
  for (const line of stack.split("\n")) {
    const [, file, place] = FRAME.exec(line.trim()) ?? [];
    if (file === undefined) continue;
    const path = file.startsWith("file:") ? pathOf(file) : file;
    if (
      path === null ||
      OWN.some((folder) => path.startsWith(folder)) ||
      path.includes(`${sep}node_modules${sep}`)
    )
      continue;
    return `${basename(path)}:${place}`;
  }
  return null;
}

function pathOf(url: string): string | null {
  try {
    return fileURLToPath(url);
  } catch {
    return null;
  }
}

/** "Error: boom (model.js:1:30)", for anything that can be thrown. */
export function describeThrown(thrown: unknown): string {
  const frame = userFrame(thrown);
  return `${words(thrown)}${frame === null ? "" : ` (${frame})`}`;
}

function words(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message ? `${thrown.name}: ${thrown.message}` : thrown.name;
    return typeof thrown === "string" ? JSON.stringify(thrown) : String(thrown);
  } catch {
    return "something that has no name";
  }
}
