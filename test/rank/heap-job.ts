/** What heap.test.ts asks of the process in which it counts a rank's garbage, and what that answers. */
import type { Wish } from "../program/one-thread.ts";

export interface HeapJob extends Pick<Wish, "optimizer" | "lr" | "clipNorm" | "weightDecay" | "pipeline"> {
  readonly hidden: readonly number[];
  readonly ranks: 1 | 2;
  readonly steps: number;
  /** Whether the steps are recorded for a trace. */
  readonly traced?: boolean;
  readonly clock: "real" | "still";
}

export interface HeapReport {
  /** For each rank, for each round of steps: bytes that its heap gained, or null where it was collected meanwhile. */
  readonly rounds: readonly (readonly (number | null)[])[];
  readonly memoryGrownBytes: number;
}
