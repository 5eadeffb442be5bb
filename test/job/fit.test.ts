import test from "ava";
import { defaultSettings, type Settings } from "../../src/base/config.ts";
import type { Checkpoint, TrainingState } from "../../src/checkpoint/checkpoint.ts";
import { checkFit, checkFmaClass, checkResume } from "../../src/job/fit.ts";
import { synthetic } from "../synthetic.ts";

const data = synthetic(40, 10);
const settings = (changes: Partial<Settings> = {}): Settings => ({
  ...defaultSettings("sgd", 2),
  batch: 8,
  ...changes,
});

function checkpoint(changes: Partial<TrainingState> = {}): Checkpoint {
  const { seed, shuffle, batch, optimizer } = settings();
  const state = { seed, shuffle, batch, optimizer, samples: 40, fma: true, ...changes } as TrainingState;
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

test("what fixes the order of samples and sums must be as it was in the checkpoint", (t) => {
  t.notThrows(() => checkResume(checkpoint(), settings({ ranks: 7, epochs: 9, lr: 1 }), data));
  for (const changes of [{ batch: 4 }, { seed: 2 }, { shuffle: false }, { optimizer: "adam" }] as const) {
    const [key] = Object.keys(changes);
    t.throws(() => checkResume(checkpoint(), settings(changes), data), {
      code: "resume-mismatch",
      message: new RegExp(`step.safetensors .*${key}`),
    });
  }
  const other = { code: "resume-mismatch", message: /41 samples.* has 40/ };
  t.throws(() => checkResume(checkpoint({ samples: 41 }), settings(), data), other);
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
