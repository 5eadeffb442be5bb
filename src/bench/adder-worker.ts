/** The thread of a process that sums what the main thread receives. */
import { workerData } from "node:worker_threads";
import { instantiateKernels } from "../kernels/load.ts";
import { yieldToMainThread } from "../rank/priority.ts";
import { sumAsPosted } from "./adder.ts";

export interface AdderJob {
  readonly kernels: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly words: Int32Array;
}

/** Few: the main thread, which it waits for, wants the core. */
const LOOKS = 50;

const { kernels, memory, words } = workerData as AdderJob;
yieldToMainThread();
sumAsPosted(words, instantiateKernels(kernels, memory), LOOKS);
