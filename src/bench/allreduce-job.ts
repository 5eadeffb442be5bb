/** What a rank of an allreduce benchmark is given: plain data and shared memory. */
import type { AllreduceCase } from "./allreduce-case.ts";

export interface AllreduceJob {
  readonly kernels: WebAssembly.Module;
  readonly peak: WebAssembly.Module;
  /** One for all ranks. */
  readonly memory: WebAssembly.Memory;
  /** Control words, and those of links. */
  readonly words: Int32Array;
  readonly links: Int32Array;
  readonly rank: number;
  readonly ranks: number;
  readonly cases: readonly AllreduceCase[];
  readonly budgetMs: number;
}
