/** The allreduces of one process's ranks, one after the other, on worker threads: the main thread's part. */
import { Worker } from "node:worker_threads";
import type { CompiledKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import { compilePeak } from "../kernels/peak.ts";
import { controlBytes } from "../rank/control.ts";
import { type AllreduceCase, type AllreduceRow, rowOfCase } from "./allreduce-case.ts";
import type { AllreduceJob } from "./allreduce-job.ts";
import { memoriesOf } from "./allreduce-memory.ts";
import type { CallTimes } from "./sampling-plan.ts";
import { linkWords } from "./thread-links.ts";

/** Resolves when all cases, of the same number of ranks, are measured; rejects with the first failure of a rank. */
export async function benchThreads(
  { module: kernels, engine }: CompiledKernels,
  cases: readonly AllreduceCase[],
  budgetMs: number,
  tell: (row: AllreduceRow) => void,
): Promise<void> {
  const peak = compilePeak(engine);
  const memory = createMemory(Math.max(...cases.map((one) => memoriesOf(one).endBytes)));
  const [{ ranks }] = cases;
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(ranks)));
  const links = new Int32Array(new SharedArrayBuffer(4 * linkWords(ranks)));
  const workers: Worker[] = [];
  let told = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      for (let rank = 0; rank < ranks; rank++) {
        const job: AllreduceJob = { kernels, peak, memory, words, links, rank, ranks, cases, budgetMs };
        const worker = new Worker(new URL("./allreduce-worker.js", import.meta.url), { workerData: job });
        workers.push(worker);
        worker.on("message", (times: CallTimes) => {
          tell(rowOfCase(cases[told++], times));
          if (told === cases.length) resolve();
        });
        worker.on("error", reject);
        worker.on("exit", () => {
          if (rank === 0 && told < cases.length) reject(new Error("rank 0 ended early"));
        });
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
