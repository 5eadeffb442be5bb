/** The loops that show what the machine can do at most: the twin of assembly/peak/index.ts. */
import { instantiateSync } from "@assemblyscript/loader";
import type { Engine } from "./engine.ts";
import { compileFor, readBinary } from "./load.ts";

export interface PeakLoops {
  /** 12 chains of four multiply-adds, each advanced 2·rounds times. `block` is a PEAK_BLOCK. */
  multiplyAdds12(block: number, rounds: number): void;
  /** The same with 24 chains: what suits an engine that makes one vector of two. */
  multiplyAdds24(block: number, rounds: number): void;
  /** to[i] = from[i], n floats; the two do not overlap. */
  copyFloats(to: number, from: number, n: number): void;
}

/** What the multiply-adds work on: a factor, two vectors of the other factor, the chains. Byte offsets; 64-byte aligned. */
export const PEAK_BLOCK = { factor: 0, vectors: 64, chains: 128, bytes: 512 } as const;

/** Of a chain of four lanes in one round: it advances twice, by a multiplication and an addition. */
export const MULTIPLY_ADD_FLOPS = 16;

/** Compiled like the kernels that `engine` stands for; on the main thread, as withCompileFlags demands. */
export function compilePeak(engine: Engine): WebAssembly.Module {
  return compileFor(readBinary(engine.startsWith("relaxed") ? "peak-relaxed" : "peak-plain"), engine);
}

/** This thread's loops over `memory`. */
export function instantiatePeak(module: WebAssembly.Module, memory: WebAssembly.Memory): PeakLoops {
  return instantiateSync(module, { env: { memory } }).instance.exports as unknown as PeakLoops;
}
