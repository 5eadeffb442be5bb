/**
 * Zero-bubble, ZB-H1: input gradients alone hold up other ranks, so weight gradients come later, and fill what would be a bubble.
 *
 *     rank 0  F0 F1 F2 ·· ·· X0 W0 F3 X1 W1 F4 X2 W2 X3 W3 X4 W4
 *     rank 1  ·· F0 F1 ·· X0 F2 X1 W0 F3 X2 W1 F4 X3 W2 X4 W3 W4
 *     rank 2  ·· ·· F0 X0 F1 X1 F2 X2 W0 F3 X3 W1 F4 X4 W2 W3 W4
 *
 * 1F1B's order of forwards and gradients; the weight gradient of rank i follows i micro-batches behind its
 * input gradient, so that the last rank, which has no bubble but the first, hands its gradients down early. A
 * rank of 1F1B keeps p − i activations, and here i more: min(m, p) on every rank, what 1F1B's first rank
 * keeps; and output gradients of min(m, i + 1) micro-batches with them.
 *
 * If all stages cost the same, forward f, input gradient x, weight gradient w, a step takes m (f + x + w) + (p − 1)(f + x −
 * min(f, x, w)) for m ≥ p: where the three are equal a rank waits for (p − 1) / (3m + p − 1) of it, a third of 1F1B's time.
 * Source: Qi, Wan, Huang, Lin, "Zero Bubble Pipeline Parallelism", 2023 (which has w for the least of the three).
 */
import type { Action, SchedulePolicy } from "./action.ts";

export const zeroBubble: SchedulePolicy = {
  name: "zero-bubble",
  interleaves: false,
  actionsOf({ pipelineRanks, microBatches }, rank) {
    const actions: Action[] = [];
    const push = (kind: Action["kind"], microBatch: number) => {
      if (microBatch >= 0 && microBatch < microBatches) actions.push({ kind, stage: rank, microBatch });
    };
    const warmUp = pipelineRanks - rank - 1;
    for (let microBatch = 0; microBatch < warmUp; microBatch++) push("forward", microBatch);
    for (let microBatch = 0; microBatch < microBatches + rank; microBatch++) {
      push("forward", microBatch + warmUp);
      push("input-gradient", microBatch);
      push("weight-gradient", microBatch - rank);
    }
    return actions;
  },
  highWaterOf: ({ pipelineRanks, microBatches }) => Math.min(microBatches, pipelineRanks),
};
