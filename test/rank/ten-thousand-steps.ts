/** A process of its own for heap.test.ts: the steps of one or two ranks, and what they left on the heap of each. */
import { GCProfiler, getHeapStatistics } from "node:v8";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { instantiateKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { StepRing } from "../../src/profile/step-ring.ts";
import { alone } from "../../src/program/world.ts";
import { controlWords, NO_LAST_STEP, WORD } from "../../src/rank/control.ts";
import type { RankJob } from "../../src/rank/job.ts";
import { RankLoop } from "../../src/rank/loop.ts";
import { recorderOf } from "../../src/rank/recorder.ts";
import { oneThread } from "../program/one-thread.ts";
import { synthetic } from "../synthetic.ts";
import type { HeapJob, HeapReport } from "./heap-job.ts";

/**
 * An epoch's call of the loop leaves 32 bytes, or 92 where V8 optimised it another way; with 625 steps an epoch that is
 * far below the smallest object a step, which would be 16 bytes.
 */
const SAMPLES = 20_000;
/** One rank stops at the first round without garbage; several must go on together. */
const MOST_ROUNDS = 60;
const COMMON_ROUNDS = 12;
/** Steps until V8 has optimised the loop, its callees and their callees. */
const WARM_UP_STEPS = 30_000;

/** All steps of an epoch are recorded; every epoch begins with step 1 again. */
const WINDOW = { first: 1, last: 1000 };
const numbersFor = (instructions: number) => StepRing.make(WINDOW, instructions).numbers;

/** The jobs of all ranks over one memory. */
function makeJobs({ hidden, ranks, traced, ...wish }: HeapJob): RankJob[] {
  const made = oneThread({ ...wish, ranks, model: mlp(hidden, "relu"), data: synthetic(SAMPLES, 50) });
  const { compiled, layout, memory, data, batch, address } = made;
  controlWords(memory, address("control"), ranks)[WORD.lastStep] = NO_LAST_STEP;
  return layout.evaluate.map((evaluate, rank) => ({
    ...{ module: compiled.module, memory, rank, ranks, batch, fault: null, timeoutMs: 60_000 },
    ...{ world: alone(ranks), transfers: [], pipeline: layout.pipeline },
    ...{ evaluationBatch: layout.evaluationBatch, samples: data.train.count, testSamples: data.test.count },
    train: layout.train![rank],
    evaluate,
    trace: traced ? { window: WINDOW, numbers: numbersFor(layout.train![rank].instructions.length) } : null,
    addresses: {
      control: address("control"),
      signals: address("signals"),
      gates: address("gates"),
      stepLoss: address("stepLoss"),
      lossRing: address("lossRing"),
      durationRing: address("durationRing"),
      replicas: [[]],
      firstParameter: address("linear1.weight"),
    },
  }));
}

/** Bytes that the heap gains in each round of `steps`, or null where it was collected meanwhile. */
function measure(job: RankJob, steps: number): (number | null)[] {
  const loop = new RankLoop(job, instantiateKernels(job.module, job.memory), recorderOf(job));
  const stepsPerEpoch = Math.ceil(job.samples / job.batch);
  // Whole epochs, each with a short last batch.
  const train = (count: number) => {
    for (let done = 0; done < count; done += stepsPerEpoch)
      loop.train(0, stepsPerEpoch, 1, job.trace ? 0 : done);
  };
  train(WARM_UP_STEPS);
  (globalThis.gc as () => void)();
  const rounds: (number | null)[] = [];
  const isEnough = () => (job.ranks > 1 ? rounds.length === COMMON_ROUNDS : (rounds.at(-1) ?? steps) < steps);
  while (rounds.length < MOST_ROUNDS && !isEnough()) rounds.push(measureRound(() => train(steps)));
  return rounds;
}

function measureRound(train: () => void): number | null {
  const profiler = new GCProfiler();
  profiler.start();
  const before = getHeapStatistics().used_heap_size;
  train();
  const bytes = getHeapStatistics().used_heap_size - before;
  return profiler.stop()?.statistics.length === 0 ? bytes : null;
}

// Some engines make an object of every answer of performance.now(): a clock that stands still shows the ranks' own part.
const wish: HeapJob = isMainThread ? JSON.parse(process.argv[2]) : workerData.wish;
if (wish.clock === "still") Object.defineProperty(performance, "now", { value: () => 0.5 });

if (isMainThread) {
  const [first, ...others] = makeJobs(wish);
  const answers = others.map((job) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { wish, job } });
    return new Promise<(number | null)[]>((resolve) => worker.once("message", resolve));
  });
  const memoryBytes = first.memory.buffer.byteLength;
  const own = measure(first, wish.steps);
  const memoryGrownBytes = first.memory.buffer.byteLength - memoryBytes;
  const report: HeapReport = { rounds: [own, ...(await Promise.all(answers))], memoryGrownBytes };
  process.stdout.write(JSON.stringify(report));
} else parentPort?.postMessage(measure(workerData.job, wish.steps));
