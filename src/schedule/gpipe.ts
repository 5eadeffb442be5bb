/**
 * GPipe: all forwards, then all backwards.
 *
 *     rank 0  F0 F1 F2 F3 ·· ·· ·· B0─── B1─── B2─── B3───
 *     rank 1  ·· F0 F1 F2 F3 B0─── B1─── B2─── B3─── ·· ··
 *
 * Source: Huang et al., "GPipe: Efficient Training of Giant Neural Networks using Pipeline Parallelism", 2019; but with backwards
 * in ascending order, since each weight gradient is one chain of sums over ascending micro-batches. A rank waits for
 * (p − 1) / (m + p − 1) of the step if all stages cost the same, and keeps the activations of all m micro-batches.
 */
import type { Action, SchedulePolicy } from "./action.ts";

export const gpipe: SchedulePolicy = {
  name: "gpipe",
  interleaves: false,
  actionsOf({ microBatches }, rank) {
    const all = (kind: Action["kind"]) =>
      Array.from({ length: microBatches }, (_, microBatch): Action => ({ kind, stage: rank, microBatch }));
    return [...all("forward"), ...all("backward")];
  },
  highWaterOf: ({ microBatches }) => microBatches,
};
