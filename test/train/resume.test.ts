/** Training that was interrupted and taken up again leaves what uninterrupted training leaves, to the bit. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "ava";
import type { Observer, TrainOptions } from "../../src/job/options.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { BASE, type Changes, data, newest, run, untimed } from "./short-run.ts";

const optimizers: [name: string, changes: Changes][] = [
  ["SGD", {}],
  ["momentum", { optimizer: "momentum", weightDecay: 0.01 }],
  ["Adam", { optimizer: "adam", lr: 0.001, weightDecay: 0.01 }],
  ["Adam and clipping", { optimizer: "adam", lr: 0.001, clipNorm: 0.5 }],
];

for (const [name, changes] of optimizers)
  for (const steps of [1, 7, 10, 20])
    test(`${name}, cut off after step ${steps} and taken up by three ranks, ends like the uninterrupted run`, async (t) => {
      const folder = temporaryFolder(t);
      const whole = await run(changes);
      const cut = await run({ ...changes, maxSteps: steps }, { checkpointFolder: folder });
      t.is(cut.steps, steps);
      const resumed = await run({ ...changes, ranks: 3 }, { resume: newest(folder) });
      t.is(resumed.weightsSha256, whole.weightsSha256);
      t.not(cut.weightsSha256, whole.weightsSha256);
      t.deepEqual(untimed(resumed), untimed(whole));
      t.is(resumed.steps, 21);
    });

test("a run that is cut off after every single step ends like the uninterrupted run", async (t) => {
  const adam = { optimizer: "adam", lr: 0.001 } as const;
  const folder = temporaryFolder(t);
  let last = await run({ ...adam, maxSteps: 1 }, { checkpointFolder: folder });
  for (let step = 2; step <= 21; step++) {
    const options = { resume: newest(folder), checkpointFolder: folder };
    last = await run({ ...adam, maxSteps: step, ranks: 1 + (step % 4) }, options);
  }
  const whole = await run(adam);
  t.is(last.weightsSha256, whole.weightsSha256);
  t.deepEqual(untimed(last), untimed(whole));
});

test("aborted before it begins, a run does no step; aborted at an epoch's end, no step of the next", async (t) => {
  const before = await run({}, { signal: AbortSignal.abort() });
  t.deepEqual([before.status, before.steps, before.epochs], ["interrupted", 0, []]);
  const abort = new AbortController();
  const folder = temporaryFolder(t);
  const after = await run(
    {},
    { signal: abort.signal, observer: { epoch: () => abort.abort() }, checkpointFolder: folder },
  );
  t.deepEqual([after.status, after.steps, after.epochs.length], ["interrupted", 7, 1]);
  t.deepEqual(readdirSync(folder), ["step-00000007.safetensors"]);
});

test("aborted while an epoch is evaluated, a run does no step of the next", async (t) => {
  const abort = new AbortController();
  const told: string[] = [];
  const observer: Observer = {
    losses(first, losses) {
      if (first + losses.length - 1 === 7) setImmediate(() => abort.abort());
    },
    epoch: ({ epoch }) =>
      void told.push(`epoch ${epoch}, ${abort.signal.aborted ? "aborted" : "not yet aborted"}`),
  };
  const { status, steps } = await run({}, { data: synthetic(203, 100_000), signal: abort.signal, observer });
  t.deepEqual([status, steps, told], ["interrupted", 7, ["epoch 1, aborted"]]);
});

test("aborted after its last step, a run is whole", async (t) => {
  const abort = new AbortController();
  const observer = { epoch: ({ epoch }: { epoch: number }) => epoch === 3 && abort.abort() };
  t.is((await run({}, { signal: abort.signal, observer: observer as Observer })).status, "ok");
});

test("aborted while it trains, a run finishes the step, writes a checkpoint, and can be taken up", async (t) => {
  const folder = temporaryFolder(t);
  const long = synthetic(20_000, 50);
  const job = (ranks: number, options: Partial<TrainOptions> = {}) =>
    run({ batch: 20, hidden: [64], epochs: 12, ranks, maxSteps: 12_000 }, { data: long, ...options });
  const abort = new AbortController();
  const started = () => void setTimeout(() => abort.abort(), 30);
  const cut = await job(2, { checkpointFolder: folder, signal: abort.signal, observer: { started } });
  t.is(cut.status, "interrupted");
  const checkpoint = newest(folder);
  t.is(checkpoint.state.step, cut.steps);
  t.true(cut.steps > 0 && cut.steps < 12_000);
  t.is(checkpoint.state.stepInEpoch, cut.steps % 1000);
  const [resumed, whole] = [await job(1, { resume: checkpoint }), await job(1)];
  t.is(resumed.weightsSha256, whole.weightsSha256);
  t.deepEqual(untimed(resumed), untimed(whole));
});

test("a finished run takes up more epochs as if they had been asked for from the start", async (t) => {
  const folder = temporaryFolder(t);
  await run({ epochs: 2 }, { checkpointFolder: folder });
  const [resumed, whole] = [await run({}, { resume: newest(folder) }), await run({})];
  t.is(resumed.weightsSha256, whole.weightsSha256);
  t.deepEqual(untimed(resumed), untimed(whole));
});

for (const [name, changes] of [
  ["finished", {}],
  ["cut off within an epoch", { maxSteps: 10 }],
] as const)
  test(`taking up a run that was ${name}, with no step left to do, gives its result once more`, async (t) => {
    const folder = temporaryFolder(t);
    const first = await run(changes, { checkpointFolder: folder });
    const again = await run(changes, { resume: newest(folder) });
    t.deepEqual([again.status, again.steps], ["ok", first.steps]);
    t.is(again.weightsSha256, first.weightsSha256);
    t.deepEqual(untimed(again), untimed(first));
  });

test("a checkpoint is written at the end of every epoch and at the end, each once", async (t) => {
  const folder = temporaryFolder(t);
  const told: string[] = [];
  const observer = { checkpoint: (path: string) => void told.push(path) };
  await run({ maxSteps: 17 }, { checkpointFolder: folder, observer });
  const names = [7, 14, 17].map((step) => `step-000000${String(step).padStart(2, "0")}.safetensors`);
  t.deepEqual(readdirSync(folder).sort(), names);
  t.deepEqual(
    told,
    names.map((name) => join(folder, name)),
  );
});

test("what a resumed job does not say is as it was in the checkpoint", async (t) => {
  const folder = temporaryFolder(t);
  const changes = {
    optimizer: "adam",
    lr: 0.003,
    weightDecay: 0.01,
    clipNorm: 0.5,
    seed: 7,
    shuffle: false,
  } as const;
  const [model, whole] = [mlp(BASE.hidden, BASE.activation), await run({ ...changes, fma: "off" })];
  await run({ ...changes, fma: "off", maxSteps: 10 }, { checkpointFolder: folder });
  const resumed = await train({ model, data, resume: newest(folder), settings: { ranks: 1, lr: undefined } });
  t.is(resumed.weightsSha256, whole.weightsSha256);
  t.deepEqual(untimed(resumed), untimed(whole));
});

test("the tensors of a checkpoint are let go once the ranks have them", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const folder = temporaryFolder(t);
  await run({ maxSteps: 2 }, { checkpointFolder: folder });
  let tensor: WeakRef<object> | undefined;
  let kept: boolean | undefined;
  const open = () => {
    const resume = newest(folder);
    tensor = new WeakRef(resume.tensors.get("linear1.weight") as object);
    const observer: Observer = {
      epoch() {
        collect();
        kept ??= tensor?.deref() !== undefined;
      },
    };
    return run({}, { resume, observer });
  };
  await open();
  t.false(kept);
});
