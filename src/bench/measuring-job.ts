/** What a measuring thread is given and what it tells. */
import { Arena } from "../program/arena.ts";
import { bytesOf, type KernelCase } from "./case.ts";
import type { Samples } from "./measuring.ts";
import type { CopyRoof } from "./roofline.ts";
import { Roofs, reserveApart } from "./roofs.ts";
import { VECTOR_SIZES } from "./vector-kernels.ts";

/** Plain data and shared memory. */
export interface MeasuringJob {
  readonly kernels: WebAssembly.Module;
  readonly peak: WebAssembly.Module;
  /** The thread's own. */
  readonly memory: WebAssembly.Memory;
  /** Control words for the barrier of all threads. */
  readonly words: Int32Array;
  readonly thread: number;
  readonly threads: number;
  readonly rounds: number;
  readonly cases: readonly KernelCase[];
  readonly peers: boolean;
}

/** What it tells: first what copies come to and what an empty call of the peer costs, then a message for each case, in order. */
export type MeasuringMessage =
  | { readonly type: "ready"; readonly copies: readonly CopyRoof[]; readonly peerCallUs: number | null }
  | { readonly type: "measured"; readonly samples: Samples };

/** What the copies touch that are measured before the cases: two arrays of each size. */
export const COPY_BYTES = VECTOR_SIZES.map((floats) => 2 * 4 * floats);

/** Bytes of memory that the cases need, one after the other. */
export function memoryNeed(cases: readonly KernelCase[]): number {
  const needs = cases.map(({ operands, shape }) => {
    const arena = new Arena();
    for (const operand of operands) if (typeof operand === "object") reserveApart(arena, operand.bytes);
    return arena.endBytes + Roofs.bytesFor(shape ? 0 : bytesOf(operands));
  });
  return Math.max(...needs, new Arena().endBytes + Roofs.bytesFor(Math.max(...COPY_BYTES)));
}
