/** What moves bytes comes before what computes: with a busy rank on every core a link would get a tenth of its speed. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

const RANK_NICENESS = 10;

/** Lowers this thread's own priority, where the system knows threads by numbers. */
export function yieldToMainThread(): void {
  try {
    const [, thread] = /\/task\/(\d+)$/.exec(readlinkSync("/proc/thread-self")) ?? [];
    if (thread !== undefined) setPriority(Number(thread), RANK_NICENESS);
  } catch {
    // Slower, that is all: a container may forbid it, and not every system has /proc.
  }
}
