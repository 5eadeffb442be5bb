/** Measures kernels on one or more threads, and makes a row of every case. */
import { Worker } from "node:worker_threads";
import { InputError } from "../base/errors.ts";
import { type CompiledKernels, instantiateKernels } from "../kernels/load.ts";
import { createMemory, MEMORY_LIMIT_BYTES } from "../kernels/memory.ts";
import { compilePeak } from "../kernels/peak.ts";
import { controlBytes } from "../rank/control.ts";
import { formatBytes } from "../rank/memory-need.ts";
import { filterCases, type KernelCase, productCase, vectorCase } from "./case.ts";
import { type KernelRow, rowOf } from "./kernel-row.ts";
import type { Samples } from "./measuring.ts";
import { type MeasuringJob, type MeasuringMessage, memoryNeed } from "./measuring-job.ts";
import type { OpenBlas } from "./openblas.ts";
import { fusedProducts, productsOf, scratchBytes } from "./product-kernels.ts";
import type { CopyRoof } from "./roofline.ts";
import { SHAPE_SETS, type Shape } from "./shapes.ts";
import { VECTOR_KERNELS, VECTOR_SIZES } from "./vector-kernels.ts";

export interface KernelBenchOptions {
  readonly compiled: CompiledKernels;
  readonly cases: readonly KernelCase[];
  readonly threads: number;
  readonly rounds: number;
  readonly peer: OpenBlas | null;
}

export interface KernelBenchObserver {
  /** Before each case. */
  begins(one: KernelCase, index: number): void;
  row(row: KernelRow): void;
  /**
   * Once, before the first case: what copies of all threads come to, and what a call of the peer costs that
   * has nothing to do.
   */
  ready(copies: readonly CopyRoof[], peerCallUs: number | null): void;
}

/** What is measured: products of these shapes alone, or without shapes those of all sets and every other kernel. */
export function kernelCases(
  { module }: CompiledKernels,
  shapes: readonly Shape[] | null,
  filter: string | null,
): KernelCase[] {
  const kernels = instantiateKernels(module, createMemory(0));
  const products = shapes
    ? productsOf(shapes)
    : [...productsOf(Object.values(SHAPE_SETS).flat()), ...fusedProducts()];
  const all = [
    ...products.map(([kernel, shape]) => productCase(kernel, shape, scratchBytes(kernel, shape, kernels))),
    ...(shapes
      ? []
      : VECTOR_KERNELS.flatMap((kernel) => VECTOR_SIZES.map((size) => vectorCase(kernel, size)))),
  ];
  return filter === null ? all : filterCases(all, filter);
}

/** Throws an InputError that says how much memory the threads need for their largest case, where that cannot be had. */
export function checkMemoryNeed(
  cases: readonly KernelCase[],
  threads: number,
  availableBytes = process.availableMemory(),
): number {
  const bytes = memoryNeed(cases);
  if (bytes <= MEMORY_LIMIT_BYTES && bytes * threads <= availableBytes) return bytes;
  const largest = cases.find((one) => memoryNeed([one]) === bytes) as KernelCase;
  const many = threads === 1 ? "" : ` on each of ${threads} threads`;
  throw new InputError(
    "too-much-memory",
    `${largest.name} needs ${bytes} bytes (${formatBytes(bytes)})${many}. 32-bit offsets reach ` +
      `${formatBytes(MEMORY_LIMIT_BYTES)}, and this machine has ${formatBytes(availableBytes)} free`,
    threads === 1 ? "give smaller --shapes" : "give smaller --shapes, or fewer --threads",
  );
}

/**
 * Resolves when all cases are measured; every thread does the same at the same time, each in memory of its own. Rejects with
 * the first failure of a thread.
 */
export async function benchKernels(
  options: KernelBenchOptions,
  observer: KernelBenchObserver,
): Promise<void> {
  const { compiled, cases, threads, rounds, peer } = options;
  const bytes = checkMemoryNeed(cases, threads);
  const peak = compilePeak(compiled.engine);
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(threads)));
  const jobs = Array.from({ length: threads }, (_, thread): MeasuringJob => {
    const memory = createMemory(bytes);
    const shared = { kernels: compiled.module, peak, words, threads, rounds, cases, peers: peer !== null };
    return { ...shared, memory, thread };
  });
  const workers: Worker[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const collected = new Collector(options, observer, resolve);
      for (const job of jobs) {
        const worker = new Worker(new URL("./kernel-worker.js", import.meta.url), { workerData: job });
        workers.push(worker);
        worker.on("message", (message: MeasuringMessage) => collected.hear(message, job.thread));
        worker.on("error", reject);
        worker.on("exit", () => {
          if (!collected.hasAll(job.thread)) reject(new Error(`measuring thread ${job.thread} ended early`));
        });
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Puts together what the threads tell: a case is measured when all have told it. */
class Collector {
  readonly #options: KernelBenchOptions;
  readonly #observer: KernelBenchObserver;
  readonly #done: () => void;
  /** What each thread has told of the cases that not all have told. */
  readonly #told: Samples[][];
  readonly #counts: number[];
  readonly #ready: Ready[] = [];
  #rows = 0;

  constructor(options: KernelBenchOptions, observer: KernelBenchObserver, done: () => void) {
    this.#options = options;
    this.#observer = observer;
    this.#done = done;
    this.#told = Array.from({ length: options.threads }, () => []);
    this.#counts = this.#told.map(() => 0);
    observer.begins(options.cases[0], 0);
  }

  /** Whether a thread has told all that there is to tell. */
  hasAll(thread: number): boolean {
    return this.#counts[thread] === this.#options.cases.length;
  }

  hear(message: MeasuringMessage, thread: number): void {
    if (message.type === "ready") {
      this.#ready.push(message);
      if (this.#ready.length === this.#told.length) this.#observer.ready(...together(this.#ready));
      return;
    }
    this.#counts[thread]++;
    this.#told[thread].push(message.samples);
    if (this.#told.some((samples) => samples.length === 0)) return;
    const { cases, compiled, peer } = this.#options;
    const samples = this.#told.map((list) => list.shift() as Samples);
    this.#observer.row(rowOf(cases[this.#rows++], samples, compiled.engine, peer));
    if (this.#rows === cases.length) this.#done();
    else this.#observer.begins(cases[this.#rows], this.#rows);
  }
}

type Ready = Extract<MeasuringMessage, { type: "ready" }>;

/** The threads' copies added up, and what the peer's call costs one of them. */
function together(all: readonly Ready[]): [CopyRoof[], number | null] {
  const [{ copies, peerCallUs }] = all;
  const sums = copies.map(({ bytes }, index) => ({
    bytes,
    gbs: all.reduce((sum, thread) => sum + thread.copies[index].gbs, 0),
  }));
  return [sums, peerCallUs];
}
