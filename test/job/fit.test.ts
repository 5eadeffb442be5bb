import test from "ava";
import { defaultSettings, type Settings } from "../../src/base/config.ts";
import type { Checkpoint, TrainingState } from "../../src/checkpoint/checkpoint.ts";
import { checkFit, checkFmaClass, checkResume, checkSameData } from "../../src/job/fit.ts";
import { synthetic } from "../synthetic.ts";

const data = synthetic(40, 10);
const settings = (changes: Partial<Settings> = {}): Settings => ({
  ...defaultSettings("sgd", 2),
  batch: 8,
  ...changes,
});

function checkpoint(changes: Partial<TrainingState> = {}): Checkpoint {
  const { seed, shuffle, batch, optimizer, lr, weightDecay, clipNorm } = settings();
  const fixed = { seed, shuffle, batch, optimizer, settings: { lr, weightDecay, clipNorm } };
  const state = { ...fixed, samples: 40, fma: true, dataSha256: "d", ...changes } as TrainingState;
  return { path: "step.safetensors", tensors: new Map(), state };
}

test("a batch is at most the data set, and at least a sample for each rank", (t) => {
  t.notThrows(() => checkFit(settings({ batch: 40, ranks: 40 }), data));
  t.throws(() => checkFit(settings({ batch: 41 }), data), { code: "batch-too-large", message: /41.*40/ });
  t.throws(() => checkFit(settings({ ranks: 9 }), data), {
    code: "too-many-ranks",
    message: /9 ranks.*of 8/,
  });
});

/** What may not change, and the flag to leave out. */
const FIXED: [changes: Partial<Settings>, flag: string][] = [
  [{ batch: 4 }, "--batch"],
  [{ seed: 2 }, "--seed"],
  [{ shuffle: false }, "--no-shuffle"],
  [{ optimizer: "adam" }, "--optimizer"],
  [{ lr: 1 }, "--lr"],
  [{ weightDecay: 0.5 }, "--weight-decay"],
  [{ clipNorm: 1 }, "--clip-norm"],
];

test("what fixes the order of samples and sums must be as it was in the checkpoint", (t) => {
  t.notThrows(() => checkResume(checkpoint(), settings({ ranks: 7, epochs: 9, maxSteps: 3 }), data));
  t.notThrows(() => checkResume(checkpoint({ settings: {} }), settings({ lr: 1 }), data));
  for (const [changes, flag] of FIXED) {
    const [key] = Object.keys(changes);
    const error = t.throws(() => checkResume(checkpoint(), settings(changes), data), {
      code: "resume-mismatch",
      message: new RegExp(`^step.safetensors was trained with ${key} `),
    });
    t.is(error && "fix" in error && error.fix, `leave out ${flag}, or start a new run`);
  }
  const other = { code: "resume-mismatch", message: /41 samples.* has 40/ };
  t.throws(() => checkResume(checkpoint({ samples: 41 }), settings(), data), other);
});

test("widths and activation are compared where both sides know them", (t) => {
  const known = checkpoint({ settings: { hidden: [], activation: "relu" } });
  t.notThrows(() => checkResume(known, settings(), data));
  t.notThrows(() => checkResume(known, settings(), data, { hidden: [], activation: "relu" }));
  t.notThrows(() => checkResume(checkpoint(), settings(), data, { hidden: [9], activation: "tanh" }));
  t.throws(() => checkResume(known, settings(), data, { activation: "tanh" }), {
    message: /activation relu, this job has tanh$/,
  });
  t.throws(() => checkResume(known, settings(), data, { hidden: [9, 8] }), {
    message: /hidden none, this job has 9,8$/,
  });
});

test("the fingerprint of the data is compared where the checkpoint knows it", (t) => {
  t.notThrows(() => checkSameData(checkpoint(), data, "d"));
  t.notThrows(() => checkSameData(checkpoint({ dataSha256: null }), data, "e"));
  t.throws(() => checkSameData(checkpoint(), data, "e"), {
    code: "resume-mismatch",
    message: "step.safetensors was trained on other samples than those of synthetic: labels or images differ",
  });
});

test("a checkpoint of the other FMA class is refused, and the fix says how to have its class", (t) => {
  t.notThrows(() => checkFmaClass(checkpoint({ fma: true }), true));
  t.notThrows(() => checkFmaClass(checkpoint({ fma: false }), false));
  const fused = t.throws(() => checkFmaClass(checkpoint({ fma: true }), false));
  t.like(fused, {
    code: "fma-mismatch",
    fix: "go on where multiply-adds are fused: another machine or Node, without --fma off",
  });
  t.like(
    t.throws(() => checkFmaClass(checkpoint({ fma: false }), true)),
    { code: "fma-mismatch", fix: "give --fma off" },
  );
});
