/**
 * Interleaved 1F1B: a rank has v stages, p apart, so the pipeline fills and drains in steps of 1/v the length.
 *
 *     rank 0  F0a F1a F0b F1b F2a ··· B0b──── F3a B1b──── F2b B0a──── F3b B1a──── ··· B2b──── ··· B3b──── B2a──── B3a────
 *     rank 1  ··· F0a F1a F0b B0b──── F1b B1b──── F2a B0a──── F3a B1a──── F2b B2b──── F3b B3b──── B2a──── B3a──── ··· ···
 *
 * Micro-batches go in groups. Forwards take a group through the rank's first stage (a), then through its second (b) and so on;
 * backwards come back the same way; in both the groups follow each other, so each stage's micro-batches ascend. Rank i warms up
 * with (v − 1) · g + 2 (p − i − 1) forwards, then one forward, one backward, as in 1F1B.
 *
 * The original has groups of p and wants m to be a multiple of p. A group of fewer would be through rank 0's stage before rank
 * p − 1 hands back its first; with a remainder of p − 2 or less the order can even be stuck. So here m is divided as evenly as
 * can be into ⌊m / p⌋ groups (one, if m < p), none smaller than p, the largest of g: any m has the least time there is, and pays
 * with (v − 1) (g − p) more activations. With one stage a rank it is 1F1B.
 *
 * If all stages cost the same, forward f and backward b, a step takes (v · m + p − 1)(f + b) for m ≥ p: a rank waits for
 * (p − 1) / (v · m + p − 1) of it, a v-th of 1F1B's wait. For m < p it takes (v · p + m − 1)(f + b).
 * Source: Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using Megatron-LM", 2021, §2.2.
 */
import type { Action, SchedulePolicy, ScheduleShape } from "./action.ts";
import { oneForwardOneBackward } from "./one-forward-one-backward.ts";

/** The first micro-batch of each group, and the end. */
function groupsOf({ pipelineRanks, microBatches }: ScheduleShape): number[] {
  const groups = Math.max(1, Math.floor(microBatches / pipelineRanks));
  return Array.from({ length: groups + 1 }, (_, group) => Math.floor((microBatches * group) / groups));
}

/** Forwards of a rank before its first backward; one more, if there is one, comes at once before it. */
function warmUpOf(shape: ScheduleShape, rank: number): number {
  const { pipelineRanks, stagesPerRank, microBatches } = shape;
  const groups = groupsOf(shape).length - 1;
  const largest = Math.ceil(microBatches / groups);
  return Math.min(
    stagesPerRank * microBatches,
    (stagesPerRank - 1) * largest + 2 * (pipelineRanks - rank - 1),
  );
}

export const interleaved: SchedulePolicy = {
  name: "interleaved",
  interleaves: true,
  actionsOf(shape, rank) {
    if (shape.stagesPerRank === 1) return oneForwardOneBackward.actionsOf(shape, rank);
    const stages = Array.from(
      { length: shape.stagesPerRank },
      (_, turn) => turn * shape.pipelineRanks + rank,
    );
    const borders = groupsOf(shape);
    const all = (kind: Action["kind"], order: readonly number[]) => {
      const actions: Action[] = [];
      for (const [group, end] of borders.slice(1).entries())
        for (const stage of order)
          for (let microBatch = borders[group]; microBatch < end; microBatch++)
            actions.push({ kind, stage, microBatch });
      return actions;
    };
    const forwards = all("forward", stages);
    const backwards = all("backward", stages.toReversed());
    const warmUp = warmUpOf(shape, rank);
    const steady = backwards.flatMap((backward, index) => [
      ...forwards.slice(warmUp + index, warmUp + index + 1),
      backward,
    ]);
    return [...forwards.slice(0, warmUp), ...steady];
  },
  highWaterOf(shape, rank) {
    if (shape.stagesPerRank === 1) return oneForwardOneBackward.highWaterOf(shape, rank);
    return Math.min(shape.stagesPerRank * shape.microBatches, warmUpOf(shape, rank) + 1);
  },
};
