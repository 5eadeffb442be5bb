/** The ranks of a process of several, as threads that sum what its main thread posts. */
import { Worker } from "node:worker_threads";
import { AdderQueue, adderWords } from "./adder.ts";
import type { AdderJob } from "./adder-worker.ts";

export class TeamRanks {
  readonly queues: readonly AdderQueue[];
  readonly #left: Promise<unknown>;

  /** Each rank may be posted `places` sums at once. */
  constructor(
    ranks: number,
    kernels: WebAssembly.Module,
    memory: WebAssembly.Memory,
    places: number,
    failed: (error: Error) => void,
  ) {
    const all = Array.from({ length: ranks }, () => {
      const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(places)));
      const job: AdderJob = { kernels, memory, words };
      const worker = new Worker(new URL("./adder-worker.js", import.meta.url), { workerData: job });
      worker.once("error", failed);
      const left = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
      return { queue: new AdderQueue(words), left };
    });
    this.queues = all.map(({ queue }) => queue);
    this.#left = Promise.all(all.map(({ left }) => left));
  }

  /** Nothing may be posted any more. Resolves when all have left. */
  async leave(): Promise<void> {
    for (const queue of this.queues) queue.leave();
    await this.#left;
  }
}
