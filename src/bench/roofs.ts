/** What this machine can do at this moment: multiply-adds of a loop that does nothing else, bytes of a plain copy. */
import type { PeakLoops } from "../kernels/peak.ts";
import { MULTIPLY_ADD_FLOPS, PEAK_BLOCK } from "../kernels/peak.ts";
import { Arena } from "../program/arena.ts";
import { timeCalls } from "./sampling.ts";
import { quantile } from "./statistics.ts";

/** What is called, and how much of it one call does: multiplications and additions, or bytes read and written. */
export interface Roof {
  readonly call: () => void;
  readonly work: number;
}

/** 28 µs at 140 GFLOP/s. */
const ROUNDS = 10_000;
/** Arrays of a power of two bytes would fall on the same sets of a cache; those of a job do not either. */
const GAP_BYTES = 1088;

/** Reserves `bytes` at a place in the cache that is not the last one's. */
export function reserveApart(arena: Arena, bytes: number): number {
  return arena.reserve(bytes + GAP_BYTES);
}

export class Roofs {
  readonly multiplyAdds: Roof;
  readonly #loops: PeakLoops;
  readonly #copies: number;

  /** Takes from `arena`, and of the memory behind it, what multiply-adds and copies of at most `copyBytes` need. */
  constructor(loops: PeakLoops, memory: WebAssembly.Memory, arena: Arena, copyBytes: number) {
    const block = reserveApart(arena, PEAK_BLOCK.bytes);
    new Float32Array(memory.buffer, block, PEAK_BLOCK.bytes / 4).fill(1);
    this.#loops = loops;
    this.#copies = reserveApart(arena, copyArea(copyBytes));
    new Uint8Array(memory.buffer, this.#copies, copyArea(copyBytes)).fill(0);
    this.multiplyAdds = faster(
      { call: loops.multiplyAdds12.bind(null, block, ROUNDS), work: 12 * MULTIPLY_ADD_FLOPS * ROUNDS },
      { call: loops.multiplyAdds24.bind(null, block, ROUNDS), work: 24 * MULTIPLY_ADD_FLOPS * ROUNDS },
    );
  }

  /** Bytes that the constructor takes from an arena. */
  static bytesFor(copyBytes: number): number {
    const arena = new Arena();
    const before = arena.endBytes;
    reserveApart(arena, PEAK_BLOCK.bytes);
    reserveApart(arena, copyArea(copyBytes));
    return arena.endBytes - before;
  }

  /** A copy that touches `bytes` in all, half of them read and half written: it lives in the cache that they fit. */
  copy(bytes: number): Roof {
    const floats = halfFloats(bytes);
    const to = this.#copies + 4 * floats + GAP_BYTES;
    return { call: this.#loops.copyFloats.bind(null, to, this.#copies, floats), work: 8 * floats };
  }
}

/** Whole lines, at least one. */
const halfFloats = (bytes: number): number => 16 * Math.max(1, Math.round(bytes / 128));
const copyArea = (bytes: number): number => 8 * halfFloats(bytes) + GAP_BYTES;

/** Which number of chains suits the engine shows in a few calls. */
function faster(one: Roof, other: Roof): Roof {
  const rate = ({ call, work }: Roof) =>
    work /
    quantile(
      [1, 2, 3, 4, 5].map(() => timeCalls(call, 4)),
      0,
    );
  return rate(one) > rate(other) ? one : other;
}
