import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { thisHost } from "../../src/kernels/engine.ts";
import type { HeapJob, HeapReport } from "./heap-job.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./ten-thousand-steps.js", import.meta.url));
const FLAGS = ["--expose-gc", "--min-semi-space-size=64"];

/**
 * The least that the steps leave on the heap in any of several rounds, of the rank that leaves most: V8 itself comes
 * and goes with code that it optimises late, but garbage comes every time.
 */
async function measure(job: HeapJob): Promise<{ bytes: number; memoryGrownBytes: number }> {
  const { stdout } = await run(process.execPath, [...FLAGS, script, JSON.stringify(job)]);
  const { rounds, memoryGrownBytes }: HeapReport = JSON.parse(stdout);
  const least = rounds.map((ofRank) => Math.min(...ofRank.filter((bytes) => bytes !== null)));
  return { bytes: Math.max(...least), memoryGrownBytes };
}

/** Node 20 makes an object of 16 bytes of every performance.now(), the pinned Node none: there a clock stands in. */
const clock = thisHost.node >= 26 ? "real" : "still";

const jobs: [name: string, job: Omit<HeapJob, "clock">][] = [
  ["SGD", { ranks: 1, steps: 10_000, hidden: [12] }],
  ["two ranks", { ranks: 2, steps: 2000, hidden: [12] }],
  [
    "Adam and two hidden layers",
    { ranks: 1, steps: 10_000, hidden: [12, 9], optimizer: "adam", lr: 0.001, weightDecay: 0.01 },
  ],
  ["momentum and clipping", { ranks: 1, steps: 10_000, hidden: [12], optimizer: "momentum", clipNorm: 1 }],
  [
    "two stages",
    {
      ...{ ranks: 2, steps: 2000, hidden: [12, 9] },
      pipeline: { gangs: 2, slices: 1, microBatches: 4, schedule: "1f1b" },
    },
  ],
  ["a recorder", { ranks: 1, steps: 10_000, hidden: [12], traced: true }],
  ["two ranks and a recorder", { ranks: 2, steps: 2000, hidden: [12], traced: true }],
  ["no hidden layer", { ranks: 1, steps: 10_000, hidden: [] }],
];

for (const [name, job] of jobs)
  test.serial(`${job.steps} steps with ${name} leave nothing on the heap, and no new memory`, async (t) => {
    // The smallest object has 16 bytes: less than one byte a step is none a step. An epoch's call leaves a few, and so does
    // looking at the heap.
    const { bytes, memoryGrownBytes } = await measure({ ...job, clock });
    t.true(bytes < job.steps, `${bytes} bytes`);
    t.is(memoryGrownBytes, 0);
  });
