/** Training that was interrupted and taken up again leaves what uninterrupted training leaves, to the bit. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import { InputError } from "../../src/base/errors.ts";
import { type Checkpoint, readCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { evaluate } from "../../src/evaluate.ts";
import type { Observer, TrainOptions, TrainResult } from "../../src/job/options.ts";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const data = synthetic(203, 50);
/** Three epochs of seven steps, the last of which is short. */
const BASE = { hidden: [19], activation: "relu", batch: 32, epochs: 3, lr: 0.1, ranks: 2 } as const;
type Changes = Partial<Settings>;

function run(changes: Changes, options: Partial<TrainOptions> = {}): Promise<TrainResult> {
  const settings = { ...BASE, ...changes };
  return train({ model: mlp(settings.hidden, settings.activation), data, settings, ...options });
}

/** The newest checkpoint in a folder. */
function newest(folder: string): Checkpoint {
  return readCheckpoint(join(folder, readdirSync(folder).sort().at(-1) as string));
}

/** All but the times, which no two runs share. */
const untimed = ({ epochs }: Pick<TrainResult, "epochs">) =>
  epochs.map(({ epoch, trainLoss, testLoss, testAccuracy }) => ({
    epoch,
    trainLoss,
    testLoss,
    testAccuracy,
  }));

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

test("evaluating a checkpoint gives exactly the loss and accuracy that training gave, on any number of ranks", async (t) => {
  for (const changes of [{}, { fma: "off" }, { activation: "gelu", hidden: [] }] as Changes[]) {
    const folder = temporaryFolder(t);
    const settings = { ...BASE, ...changes };
    const model = mlp(settings.hidden, settings.activation);
    const last = (await run(changes, { checkpointFolder: folder })).epochs.at(-1);
    for (const ranks of [1, 2, 3, 7]) {
      const machine = { ranks, fma: changes.fma ?? "auto", collectiveTimeout: 60 } as const;
      const { loss, accuracy } = await evaluate({
        model,
        data,
        checkpoint: newest(folder),
        settings: machine,
      });
      t.deepEqual([loss, accuracy], [last?.testLoss, last?.testAccuracy]);
    }
  }
});

const mismatches: [what: string, changes: Changes, message: RegExp][] = [
  ["batch", { batch: 31 }, /was trained with batch 32, this job has 31/],
  ["seed", { seed: 2 }, /was trained with seed 1, this job has 2/],
  ["order of samples", { shuffle: false }, /was trained with shuffle true, this job has false/],
  ["optimizer", { optimizer: "adam" }, /was trained with optimizer sgd, this job has adam/],
];

for (const [what, changes, message] of mismatches)
  test(`a checkpoint of another ${what} is refused by name`, async (t) => {
    const folder = temporaryFolder(t);
    await run({ maxSteps: 2 }, { checkpointFolder: folder });
    const resume = newest(folder);
    const error = await t.throwsAsync(run(changes, { resume }), { instanceOf: InputError, message });
    t.is(error?.code, "resume-mismatch");
    t.true(error?.message.startsWith(resume.path));
  });

test("a checkpoint of another data set is refused by the number of samples", async (t) => {
  const folder = temporaryFolder(t);
  await run({ maxSteps: 2 }, { checkpointFolder: folder });
  await t.throwsAsync(run({}, { resume: newest(folder), data: synthetic(204, 50) }), {
    instanceOf: InputError,
    message: /was trained on 203 samples, synthetic has 204$/,
  });
});

test("a checkpoint of another model is refused by the first tensor that does not fit", async (t) => {
  const folder = temporaryFolder(t);
  await run({ maxSteps: 2 }, { checkpointFolder: folder });
  const resume = newest(folder);
  await t.throwsAsync(run({ hidden: [20] }, { resume }), {
    instanceOf: InputError,
    message: "linear1.weight is [20,19] in the checkpoint, [20,20] in the model",
  });
  await t.throwsAsync(run({ hidden: [19, 19] }, { resume }), {
    instanceOf: InputError,
    message: "linear2.weight is [19,10] in the checkpoint, [19,19] in the model",
  });
});

const fusedTest = compileKernels("auto").fma ? test : test.skip;

fusedTest("a checkpoint of the other FMA class is refused, with the way to go on", async (t) => {
  for (const [was, is, fix] of [
    ["off", "auto", /^give --fma off$/],
    ["auto", "off", /without --fma off$/],
  ] as const) {
    const folder = temporaryFolder(t);
    await run({ maxSteps: 2, fma: was }, { checkpointFolder: folder });
    const error = await t.throwsAsync(run({ fma: is }, { resume: newest(folder) }), {
      instanceOf: InputError,
    });
    t.is(error?.code, "fma-mismatch");
    t.regex(String(error?.fix), fix);
  }
});
