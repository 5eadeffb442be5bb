/**
 * Allreduce among threads that share a memory: no messages. Inputs are in their owners' buffers, the sum is one copy for all.
 *
 *     long    meet │ each rank sums its slice of all inputs, into the common result  │ meet
 *     short   each rank copies its input into a slot │ meet │ each sums all slots into a result of its own
 *
 * Sums are x0 + x1 + x2 …, whoever makes them. A short call has one meeting, since its slots alternate: who
 * is one call ahead writes the others, and nobody can be two ahead.
 */
import { chunkOf } from "../collective/chunk.ts";
import type { Kernels } from "../kernels/abi.ts";
import { alignUp } from "../program/arena.ts";
import type { Barrier } from "../rank/barrier.ts";

/** Up to here a second meeting costs more than summing everything on every rank. */
const SHORT_BYTES = 2048;
/** Elements whose sum is completed, input by input, while it is in the core's own cache. */
const BLOCK = 8192;

/** Byte addresses of what all ranks see. */
export interface SharedBuffers {
  readonly inputs: readonly number[];
  /** By rank: where it finds the sum of a long call (the same for all), and of a short one. */
  readonly outputs: readonly number[];
  /** slotBytes of memory. */
  readonly slots: number;
}

export const isShort = (count: number): boolean => 4 * count <= SHORT_BYTES;

export const slotBytes = (ranks: number, count: number): number =>
  isShort(count) ? 2 * ranks * alignUp(4 * count) : 0;

/** One rank's part of an allreduce of `count` elements, to be called by all ranks equally often. */
export function sharedAllreduce(
  kernels: Pick<Kernels, "add" | "copy">,
  barrier: Pick<Barrier, "meet">,
  { inputs, outputs, slots }: SharedBuffers,
  rank: number,
  count: number,
): () => void {
  const ranks = inputs.length;
  if (isShort(count)) {
    const stride = alignUp(4 * count);
    const parities = [0, 1].map((parity) =>
      inputs.map((_, other) => slots + stride * (parity * ranks + other)),
    );
    let parity = 0;
    return () => {
      parity ^= 1;
      const own = parities[parity];
      kernels.copy(own[rank] | 0, inputs[rank] | 0, count);
      barrier.meet();
      sumAll(kernels, outputs[rank], own, 0, count);
    };
  }
  const { first, count: many } = chunkOf(count, ranks, rank);
  return () => {
    barrier.meet();
    sumAll(kernels, outputs[rank], inputs, first, many);
    barrier.meet();
  };
}

/** to[i] = x0[i] + x1[i] + … for `count` elements from `first`. Two inputs or more. */
export function sumAll(
  kernels: Pick<Kernels, "add">,
  to: number,
  inputs: readonly number[],
  first: number,
  count: number,
  most = BLOCK,
): void {
  const block = inputs.length === 2 ? count : most;
  for (let done = 0; done < count; done += block) {
    const many = Math.min(block, count - done);
    const offset = 4 * (first + done);
    // Addresses above 2 GiB become negative here and positive again in the kernel.
    kernels.add((to + offset) | 0, (inputs[0] + offset) | 0, (inputs[1] + offset) | 0, many);
    for (let other = 2; other < inputs.length; other++)
      kernels.add((to + offset) | 0, (to + offset) | 0, (inputs[other] + offset) | 0, many);
  }
}
