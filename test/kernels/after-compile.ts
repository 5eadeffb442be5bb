/** A process of its own for load.test.ts: compiles the kernels, then does what left-over V8 flags would abort. */
import { Worker } from "node:worker_threads";
import type { Kernels } from "../../src/kernels/abi.ts";
import { compileKernels, instantiateKernels } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";

const { module, fma } = compileKernels("auto");
const memory = createMemory(1024 * 1024);

/** Runs in the worker: the body of a module that has the URL of load.js and the workerData. */
const body = `
  import { parentPort, workerData } from "node:worker_threads";
  const { instantiateKernels } = await import(workerData.load);
  const kernels = instantiateKernels(workerData.module, workerData.memory);
  kernels.gemmNN(65536, 0, 1024, 0, 1, 16, 2, 16, 2, 16, 0, 0, 131072);
  parentPort.postMessage(kernels.fused());
`;

async function runInWorker(): Promise<unknown> {
  new Float32Array(memory.buffer, 0, 2).set([2, 3]);
  new Float32Array(memory.buffer, 1024, 32).fill(1);
  const load = new URL("../../src/kernels/load.js", import.meta.url).href;
  const url = new URL(`data:text/javascript,${encodeURIComponent(body)}`);
  const worker = new Worker(url, { workerData: { module, memory, load } });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

const inWorker = await runInWorker();
const refused = await fetch("http://127.0.0.1:1/").then(
  () => "answered",
  () => "refused",
);
const typescript = process.argv[2];
const imported = typescript ? ((await import(typescript)) as { answer: number }).answer : "none";
const here: Kernels = instantiateKernels(module, memory);
const element = new Float32Array(memory.buffer, 65536, 1)[0];
process.stdout.write(JSON.stringify({ fma, inWorker, here: here.fused(), element, refused, imported }));
