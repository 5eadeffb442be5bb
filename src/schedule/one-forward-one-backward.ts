/**
 * 1F1B: as few forwards as bring the first gradient back soonest, then one forward, one backward, and so on.
 *
 *     rank 0  F0 F1 F2 ·· ·· ·· ·· B0─── F3 B1─── ·· B2─── ·· B3───
 *     rank 1  ·· F0 F1 ·· ·· B0─── F2 B1─── F3 B2─── ·· B3─── ·· ··
 *     rank 2  ·· ·· F0 B0─── F1 B1─── F2 B2─── F3 B3─── ·· ·· ·· ··
 *
 * Rank i warms up with min(m, p − i − 1) forwards. A rank waits as long as in GPipe, (p − 1) / (m + p − 1) of the step if all
 * stages cost the same, but keeps min(m, p − i) activations, which no longer grow with m. It has no forward in hand when it waits
 * for a gradient, so what transfers take between ranks is waited for again and again, where GPipe waits for it 2 (p − 1) times.
 * Source: Narayanan et al., "Memory-Efficient Pipeline-Parallel DNN Training", 2021 (PipeDream-Flush).
 */
import type { Action, SchedulePolicy } from "./action.ts";

export const oneForwardOneBackward: SchedulePolicy = {
  name: "1f1b",
  interleaves: false,
  actionsOf({ pipelineRanks, microBatches }, rank) {
    const warmUp = Math.min(microBatches, pipelineRanks - rank - 1);
    const actions: Action[] = [];
    for (let microBatch = 0; microBatch < warmUp; microBatch++)
      actions.push({ kind: "forward", stage: rank, microBatch });
    for (let microBatch = 0; microBatch < microBatches; microBatch++) {
      const ahead = microBatch + warmUp;
      if (ahead < microBatches) actions.push({ kind: "forward", stage: rank, microBatch: ahead });
      actions.push({ kind: "backward", stage: rank, microBatch });
    }
    return actions;
  },
  highWaterOf: ({ pipelineRanks, microBatches }, rank) => Math.min(microBatches, pipelineRanks - rank),
};
