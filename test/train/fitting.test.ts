/** A checkpoint meets a job, or an evaluation: what fits gives the very numbers, what does not is refused by name. */
import test from "ava";
import { InputError } from "../../src/base/errors.ts";
import type { Split } from "../../src/data/dataset.ts";
import { evaluate } from "../../src/evaluate.ts";
import type { TrainOptions } from "../../src/job/options.ts";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { BASE, type Changes, data, newest, run } from "./short-run.ts";

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
  ["learning rate", { lr: 0.2 }, /was trained with lr 0\.1, this job has 0\.2/],
  ["weight decay", { weightDecay: 0.5 }, /was trained with weightDecay 0, this job has 0\.5/],
  ["clipping", { clipNorm: 1 }, /was trained with clipNorm off, this job has 1/],
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

test("a checkpoint of other samples is refused, though they are as many", async (t) => {
  const folder = temporaryFolder(t);
  await run({ maxSteps: 2 }, { checkpointFolder: folder });
  const other: Split = { ...data.train, readLabels: (into) => void into.fill(3) };
  await t.throwsAsync(run({}, { resume: newest(folder), data: { ...data, train: other } }), {
    instanceOf: InputError,
    message: /was trained on other samples than those of synthetic: labels or images differ$/,
  });
});

test("a checkpoint of another activation is refused, to train and to evaluate, though its tensors fit", async (t) => {
  const folder = temporaryFolder(t);
  await run({ activation: "sigmoid", maxSteps: 2 }, { checkpointFolder: folder });
  const [checkpoint, model] = [newest(folder), mlp(BASE.hidden, "relu")];
  const refused = { instanceOf: InputError, code: "other-model", message: /does other things with them/ };
  await t.throwsAsync(run({}, { resume: checkpoint }), refused);
  await t.throwsAsync(evaluate({ model, data, checkpoint }), refused);
  const right = mlp(BASE.hidden, "sigmoid");
  t.is((await evaluate({ model: right, data: synthetic(203, 60), checkpoint })).samples, 60);
});

test("a checkpoint of other kernels is taken up with a warning", async (t) => {
  const folder = temporaryFolder(t);
  await run({ maxSteps: 2 }, { checkpointFolder: folder });
  const { state, ...checkpoint } = newest(folder);
  const warnings: string[] = [];
  const observer = { warning: (message: string) => void warnings.push(message) };
  await run({}, { resume: { ...checkpoint, state }, observer });
  t.deepEqual(warnings, []);
  await run({}, { resume: { ...checkpoint, state: { ...state, kernelDigest: "0".repeat(64) } }, observer });
  t.is(warnings.length, 1);
  t.regex(
    warnings[0],
    /step-00000002\.safetensors was trained with kernels 000000000000, these are [0-9a-f]{12}: /,
  );
});

test("a checkpoint says what its model is made from only if the program does", async (t) => {
  const folder = temporaryFolder(t);
  const settingsOf = async (options: Partial<TrainOptions>) => {
    await run({ maxSteps: 2 }, { checkpointFolder: folder, ...options });
    const { model, dataset, hidden, activation, lr } = newest(folder).state.settings;
    return { model, dataset, hidden, activation, lr };
  };
  const unknown = { model: undefined, dataset: undefined, hidden: undefined, activation: undefined, lr: 0.1 };
  t.deepEqual(await settingsOf({}), unknown);
  const origin = { model: "mlp", hidden: [19], activation: "relu" } as const;
  t.deepEqual(await settingsOf({ origin }), { ...unknown, ...origin, hidden: [19] });
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

fusedTest(
  "a checkpoint is evaluated in its own FMA class, and refused where that is not to be had",
  async (t) => {
    const folder = temporaryFolder(t);
    const model = mlp(BASE.hidden, BASE.activation);
    await run({ maxSteps: 2 }, { checkpointFolder: folder });
    await t.throwsAsync(evaluate({ model, data, checkpoint: newest(folder), settings: { fma: "off" } }), {
      instanceOf: InputError,
      code: "fma-mismatch",
    });
    const plain = await run({ maxSteps: 2, fma: "off" }, { checkpointFolder: folder });
    const { loss } = await evaluate({ model, data, checkpoint: newest(folder), settings: { fma: "auto" } });
    t.is(loss, plain.epochs[0].testLoss);
  },
);

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
