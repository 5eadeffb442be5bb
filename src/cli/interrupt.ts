/** Ctrl-C: once to finish the step and keep the work, twice to stop at once; or at once where nothing is to be kept. */
import type { Output } from "./output.ts";

/** SIGHUP: the terminal is gone. Node takes it up also under nohup, where it would end the run without a word. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** npm passes on the signal that the terminal has sent already: two so close together are one press. */
const ONE_PRESS_MS = 300;

export interface SignalSource {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
}

/** Calls `first`, then `second`; returns the function that stops listening. */
export function onInterrupt(
  first: () => void,
  second: () => void,
  source: SignalSource = process,
  nowMs: () => number = () => performance.now(),
): () => void {
  let firstMs: number | null = null;
  const listener = () => {
    if (firstMs === null) {
      firstMs = nowMs();
      first();
    } else if (nowMs() - firstMs >= ONE_PRESS_MS) second();
  };
  for (const signal of SIGNALS) source.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) source.off(signal, listener);
  };
}

/**
 * From now on a signal does not end the process where it stands, in the middle of what it writes: whoever
 * listens by the time that the event loop turns hears it. Returns the function that lets signals do again
 * what they do.
 */
export function holdInterrupts(source: SignalSource = process): () => void {
  const nothing = () => {};
  for (const signal of SIGNALS) source.on(signal, nothing);
  return () => {
    for (const signal of SIGNALS) source.off(signal, nothing);
  };
}

/** For commands that leave nothing behind: ends the process with 130. Returns the function that stops listening. */
export function leaveOnInterrupt(output: Output): () => void {
  const leave = () => {
    output.live("");
    output.object({ status: "interrupted" });
    process.exit(130);
  };
  return onInterrupt(leave, leave);
}
