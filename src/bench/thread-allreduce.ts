/** The allreduces of one process's ranks, one after the other, on worker threads: the main thread's part. */
import { Worker } from "node:worker_threads";
import { InputError } from "../base/errors.ts";
import type { CompiledKernels } from "../kernels/load.ts";
import { createMemory, MEMORY_LIMIT_BYTES } from "../kernels/memory.ts";
import { compilePeak } from "../kernels/peak.ts";
import { controlBytes } from "../rank/control.ts";
import { formatBytes } from "../rank/memory-need.ts";
import { type AllreduceCase, type AllreduceRow, rowOfCase } from "./allreduce-case.ts";
import type { AllreduceJob } from "./allreduce-job.ts";
import { memoriesOf } from "./allreduce-memory.ts";
import type { CallTimes } from "./sampling-plan.ts";
import { linkWords } from "./thread-links.ts";

/** Throws an InputError that names the largest case where its memory cannot be had. */
export function checkAllreduceMemory(
  cases: readonly AllreduceCase[],
  availableBytes = process.availableMemory(),
): number {
  const needs = cases.map((one) => memoriesOf(one).endBytes);
  const bytes = Math.max(...needs);
  if (bytes <= Math.min(MEMORY_LIMIT_BYTES, availableBytes)) return bytes;
  const { ranks, algorithm, ...largest } = cases[needs.indexOf(bytes)];
  throw new InputError(
    "too-much-memory",
    `${largest.bytes} bytes on ${ranks} ranks by ${algorithm} need ${formatBytes(bytes)}. 32-bit offsets reach ` +
      `${formatBytes(MEMORY_LIMIT_BYTES)}, and this machine has ${formatBytes(availableBytes)} free`,
    "give smaller --bytes, or fewer --ranks",
  );
}

/** Resolves when all cases, of the same number of ranks, are measured; rejects with the first failure of a rank. */
export async function benchThreads(
  { module: kernels, engine }: CompiledKernels,
  cases: readonly AllreduceCase[],
  budgetMs: number,
  tell: (row: AllreduceRow) => void,
): Promise<void> {
  const peak = compilePeak(engine);
  const memory = createMemory(checkAllreduceMemory(cases));
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
