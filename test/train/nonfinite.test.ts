/** A run whose numbers leave the finite ends as "nonfinite", and writes nothing that could not be gone on from. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import { atOnce } from "../../src/base/slices.ts";
import { type EpochRecord, readCheckpoint, writingCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import type { Observer } from "../../src/job/options.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const data = synthetic(203, 50);
const model = mlp([16], "relu");
const run = (settings: Partial<Settings>, checkpointFolder?: string, observer?: Observer) =>
  train({
    model,
    data,
    settings: { ranks: 2, batch: 32, epochs: 3, ...settings },
    checkpointFolder,
    observer,
  });

test("a step whose loss is no number is the last: nonfinite, and no checkpoint", async (t) => {
  const folder = temporaryFolder(t);
  const losses: number[] = [];
  const observer: Observer = { losses: (_first, some) => void losses.push(...some) };
  const result = await run({ lr: 1e38 }, folder, observer);
  t.is(result.status, "nonfinite");
  t.is(losses.length, result.steps);
  t.deepEqual(losses.map(Number.isFinite), [...Array(result.steps - 1).fill(true), false]);
  t.deepEqual([result.epochs, readdirSync(folder)], [[], []]);
});

for (const [what, settings] of [
  ["--max-steps cuts the run short", { maxSteps: 1, lr: 3e38, weightDecay: 1e3 }],
  ["an epoch ends", { batch: 203, lr: 3e38, weightDecay: 1e3 }],
] as const)
  test(`weights that overflow in the very step after which ${what} are told, but not saved`, async (t) => {
    const folder = temporaryFolder(t);
    const told: EpochRecord[] = [];
    const observer: Observer = { epoch: (record) => void told.push(record) };
    const result = await run(settings, folder, observer);
    t.deepEqual([result.status, result.steps, result.weightsSha256], ["nonfinite", 1, null]);
    t.deepEqual(readdirSync(folder), []);
    t.true(Number.isFinite(told[0].trainLoss));
    t.deepEqual(result.epochs, told);
  });

test("an evaluation whose loss is no number ends the run too: nonfinite, and no checkpoint", async (t) => {
  const folder = temporaryFolder(t);
  // One update of this size keeps every weight below the largest f32, but not their products.
  const result = await run({ maxSteps: 1, lr: 1e30 }, folder);
  t.is(result.status, "nonfinite");
  t.true(result.weights.every((tensor) => tensor.data.every(Number.isFinite)));
  t.false(Number.isFinite(result.epochs[0].testLoss));
  t.deepEqual(readdirSync(folder), []);
});

test("weights that are not finite, in a unit that nobody sees, are not saved though the test loss is finite", async (t) => {
  const [folder, later] = [temporaryFolder(t), temporaryFolder(t)];
  const settings = { lr: 0.1, weightDecay: 30 };
  await run({ ...settings, maxSteps: 1 }, folder);
  const resume = readCheckpoint(join(folder, "step-00000001.safetensors"));
  const of = (name: string) => resume.tensors.get(name)?.data as Float32Array;
  // Unit 0 of the hidden layer: nothing comes in but the bias, which one more step makes -2 · 3e38; nothing goes out.
  of("linear1.bias")[0] = 3e38;
  of("linear1.weight").forEach((_, at, weight) => {
    if (at % 16 === 0) weight[at] = 0;
  });
  of("linear2.weight").fill(0, 0, 10);
  const job = {
    model,
    data,
    settings: { ...settings, ranks: 2, maxSteps: 2 },
    resume,
    checkpointFolder: later,
  };
  const result = await train(job);
  t.deepEqual([result.status, result.steps, readdirSync(later)], ["nonfinite", 2, []]);
  t.true(Number.isFinite(result.epochs[0].testLoss));
  t.deepEqual(result.weights.find(({ name }) => name === "linear1.bias")?.data[0], Number.NEGATIVE_INFINITY);
});

test("interrupted in the very step in which the weights overflow, a run saves nothing", async (t) => {
  const folder = temporaryFolder(t);
  const abort = new AbortController();
  const settings = { ranks: 1, batch: 32, lr: 3e38, weightDecay: 1e3 };
  // Asked for when the ranks have been told to begin, before they do: the first step is the last.
  const observer: Observer = { started: () => void queueMicrotask(() => abort.abort()) };
  const job = train({ model, data, settings, checkpointFolder: folder, signal: abort.signal, observer });
  const { status } = await job;
  t.deepEqual([status, readdirSync(folder)], ["nonfinite", []]);
});

test("figures of a checkpoint that are not finite read back as NaN", async (t) => {
  const folder = temporaryFolder(t);
  await run({ epochs: 1 }, folder);
  const path = join(folder, "step-00000007.safetensors");
  const { tensors, state } = readCheckpoint(path);
  const [record] = state.epochs;
  const spoilt = { ...record, trainLoss: Number.POSITIVE_INFINITY, testLoss: Number.NaN };
  atOnce(writingCheckpoint(path, tensors.values(), { ...state, epochs: [spoilt] }));
  t.deepEqual(readCheckpoint(path).state.epochs, [
    { ...record, trainLoss: Number.NaN, testLoss: Number.NaN },
  ]);
});

test("the weights of a result are copies, made once", async (t) => {
  const result = await run({ maxSteps: 2 });
  const [weight] = result.weights;
  t.is(result.weights[0], weight);
  t.is(weight.name, "linear1.weight");
  t.deepEqual(weight.shape, [20, 16]);
  t.false((weight.data.buffer as ArrayBufferLike) instanceof SharedArrayBuffer);
});
