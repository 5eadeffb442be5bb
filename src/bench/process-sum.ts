/**
 * The sum over the ranks of a process, into the buffer that its links carry: no messages. Each rank sums its
 * slice of all inputs, in their order, and all can read the result: nothing is handed out to them afterwards
 * either.
 *
 *     main thread   posts every rank its slice │            │ the algorithm among processes, in place
 *     ranks                                    │ sum slices │ (or their sums, where a rank makes those)
 */
import { chunkOf } from "../collective/chunk.ts";
import type { AdderQueue } from "./adder.ts";
import { sumAll } from "./shared-allreduce.ts";

/** Elements whose sum is completed, input by input, while it is in the core's second cache: smaller ones are more to post. */
const BLOCK = 65536;

/** Sums that one rank may be posted at once. */
export const mostPosted = (ranks: number, count: number): number =>
  (ranks - 1) * Math.ceil(chunkOf(count, ranks, ranks - 1).count / BLOCK);

/** By byte addresses; two inputs or more, each of a rank. `summed` is called once. */
export function sumInside(
  ranks: readonly Pick<AdderQueue, "post">[],
  inputs: readonly number[],
  to: number,
  count: number,
  summed: () => void,
): void {
  // A rank may have summed before the next one is posted anything: posting counts as well.
  let missing = 1;
  const heard = () => {
    missing--;
    if (missing === 0) summed();
  };
  for (const [rank, queue] of ranks.entries()) {
    const add = (sum: number, left: number, right: number, many: number) => {
      missing++;
      queue.post(sum, left, right, many, heard);
    };
    const slice = chunkOf(count, ranks.length, rank);
    sumAll({ add }, to, inputs, slice.first, slice.count, BLOCK);
  }
  heard();
}
