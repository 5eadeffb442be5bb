/** The optimised kernels and their slow twins over one memory, on every engine that this Node has. */
import type { Kernels } from "../../src/kernels/abi.ts";
import { canRevectorize, type Engine, thisHost } from "../../src/kernels/engine.ts";
import {
  compileFor,
  engines,
  instantiateKernels,
  instantiateReference,
  readBinary,
} from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";

export interface Twins {
  readonly engine: Engine;
  readonly kernels: Kernels;
  readonly reference: Kernels;
  readonly memory: WebAssembly.Memory;
}

/** Relaxed and plain, revectorised and not: all engines of this Node, over `bytes` of memory each. */
export function allTwins(bytes: number): Twins[] {
  return engines("auto", true, canRevectorize(thisHost)).map((engine) => {
    const binary = engine.startsWith("relaxed") ? "relaxed" : "plain";
    const memory = createMemory(bytes);
    const kernels = instantiateKernels(compileFor(readBinary(binary), engine), memory);
    return { engine, kernels, reference: instantiateReference(binary, memory), memory };
  });
}

/** Numbers in [−1, 1) from a seed, some of them ±0 or subnormal: the same on every machine. */
export function numbers(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    if (state % 61 === 0) return state & 64 ? 0 : -0;
    if (state % 127 === 0) return 1e-40;
    return state / 2 ** 31 - 1;
  };
}
