/** A rank of an allreduce benchmark in one process: for every case, proves that its sums are right, then measures. */
import { parentPort, workerData } from "node:worker_threads";
import { instantiateKernels } from "../kernels/load.ts";
import { instantiatePeak } from "../kernels/peak.ts";
import { Barrier, commandSpinCount } from "../rank/barrier.ts";
import { WORD } from "../rank/control.ts";
import { type AllreduceCase, listsOfCase } from "./allreduce-case.ts";
import type { AllreduceJob } from "./allreduce-job.ts";
import { type AllreduceMemories, memoriesOf } from "./allreduce-memory.ts";
import { checkSum, fillInput } from "./exact-sums.ts";
import { SamplingPlan, sampleTogether } from "./sampling-plan.ts";
import { sharedAllreduce } from "./shared-allreduce.ts";
import { ThreadExecutor } from "./thread-links.ts";

const TIMEOUT_MS = 60_000;

const job = workerData as AllreduceJob;
const port = parentPort as NonNullable<typeof parentPort>;
const { memory, words, rank, ranks } = job;
// A plain loop: memory.copy takes three times as long over lines that another core has written (Node 26, Zen 5).
const { copyFloats: copy } = instantiatePeak(job.peak, memory);
const kernels = { add: instantiateKernels(job.kernels, memory).add, copy };
// Longer than a sleeper takes to wake: two that sleep in turns, each woken after the other has gone to sleep,
// never stop doing so.
const spins = commandSpinCount(words, ranks);
const barrier = new Barrier(words, { rank, ranks, spins, timeoutMs: TIMEOUT_MS });

for (const one of job.cases) measure(one);

function measure(one: AllreduceCase): void {
  const memories = memoriesOf(one);
  const floats = (address: number) => new Float32Array(memory.buffer, address, one.bytes / 4);
  const [input, output] = [floats(memories.inputs[rank]), floats(memories.outputs[rank])];
  const call = callOf(one, memories);
  const prove = () => {
    fillInput(input, rank);
    barrier.meet();
    call();
    checkSum(output, ranks, `${one.algorithm}, ${one.bytes} bytes, rank ${rank}`);
    barrier.meet();
  };
  prove();
  // In place, sums of sums would grow beyond f32: those of zeros take as long, and stay.
  input.fill(0);
  const plan = rank === 0 ? new SamplingPlan(job.budgetMs) : null;
  sampleTogether(call, agree, plan);
  prove();
  if (plan !== null) port.postMessage(plan.times);
}

function callOf(one: AllreduceCase, memories: AllreduceMemories): () => void {
  if (one.algorithm === "shared") return sharedAllreduce(kernels, barrier, memories, rank, one.bytes / 4);
  const lists = listsOfCase(one);
  const places = memories.inputs.map((buffer, of) => ({ buffer, scratch: memories.scratch[of] }));
  // Counters go on from where the last case left them: each member remembers none, so all begin at 0 again.
  barrier.meet();
  if (rank === 0) job.links.fill(0);
  barrier.meet();
  const group = { words: job.links, lists, memories: places, spins, timeoutMs: TIMEOUT_MS };
  const executor = new ThreadExecutor(kernels, group, rank);
  return () => executor.run();
}

function agree(calls: number): number {
  barrier.meet();
  if (rank === 0) words[WORD.operand] = calls;
  barrier.meet();
  return words[WORD.operand];
}
