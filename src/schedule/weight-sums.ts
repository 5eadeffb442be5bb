/**
 * Which micro-batches' weight gradients are made by one call: nobody waits for them, and the fewer the calls,
 * the less often their sums are read and written. One chain of sums ascends through all calls, so how they
 * are cut changes no bit.
 *
 *     1f1b           W0 W1 W2 W3 │ W4 W5 W6 W7           eight micro-batches, two ranks: each call is made in its last place
 *     zero-bubble    W0 W1 W2 W3 │ W4 W5 W6 │ W7
 *
 * Where weight gradients stand in the lists for themselves, they fill waits, and those are at the end, where
 * no forward is left: a rank waits there for the input gradients of the last p − 1 micro-batches. So the last
 * p have calls of their own, of which the first makes what is left of those before, too. Then a step takes no
 * longer than the formula says.
 */
import type { Schedule } from "./action.ts";

/** More make no difference that can be measured. */
const MOST_TOGETHER = 4;

/** By micro-batch: the first of those whose sums the call in its place makes; null where a later place makes them. */
export function summedSince({
  actions,
  microBatches,
  pipelineRanks,
}: Pick<Schedule, "actions" | "microBatches" | "pipelineRanks">): (number | null)[] {
  const fill = actions.some((list) => list.some(({ kind }) => kind === "weight-gradient"));
  const apart = fill ? pipelineRanks : 1;
  let since = 0;
  return Array.from({ length: microBatches }, (_, microBatch) => {
    const first = since;
    if (microBatch < microBatches - apart && microBatch - first + 1 < MOST_TOGETHER) return null;
    since = microBatch + 1;
    return first;
  });
}
