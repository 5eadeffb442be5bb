import test from "ava";
import * as fc from "fast-check";
import { defaultSettings, ranksOfLayout, type Settings } from "../../src/base/config.ts";
import type { Checkpoint, TrainingState } from "../../src/checkpoint/checkpoint.ts";
import { checkFit, checkFmaClass, checkResume, checkSameData } from "../../src/job/fit.ts";
import { pipelineOf } from "../../src/job/settings.ts";
import { placeOfRank, rowsOfMicroBatch } from "../../src/program/pipeline-place.ts";
import { teamsOf } from "../../src/program/teams.ts";
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

/** Layouts of a batch of 8 in processes of so many ranks, what is wrong with them, and what would do. */
const ROWS: [changes: Partial<Settings>, processes: number[], code: string, message: RegExp, fix: string][] =
  [
    [
      { layout: { dp: 1, tp: 9, pp: 1 } },
      [9],
      "too-many-ranks",
      /^9 ranks cannot share a batch of 8: some would never have a sample$/,
      "give a --layout of at most 8 ranks, or a larger --batch",
    ],
    [
      { layout: { dp: 3, tp: 1, pp: 2 }, microBatches: 4 },
      [6],
      "too-many-ranks",
      /^the ranks of a stage of dp=3,tp=1,pp=2 cannot share a micro-batch of 2: some would never have a sample$/,
      "give --micro-batches at most 3, or a larger --batch",
    ],
    [
      { layout: { dp: 3, tp: 3, pp: 2 } },
      [18],
      "too-many-ranks",
      /^the ranks of a stage of dp=3,tp=3,pp=2 cannot share a batch of 8: /,
      "give a --layout with fewer replicas or slices, or a larger --batch",
    ],
    [
      { layout: { dp: 1, tp: 1, pp: 2 }, microBatches: 9 },
      [1, 1],
      "too-many-micro-batches",
      /^a batch of 8 cannot be cut into 9 micro-batches: some would never have a sample$/,
      "give --micro-batches at most 8, or a larger --batch",
    ],
  ];

for (const [changes, ranks, code, message, fix] of ROWS)
  test(`${JSON.stringify(changes)} in processes of ${ranks} ranks is more than a batch of 8 has rows for`, (t) => {
    const world = { self: 0, ranks };
    const all = ranks.reduce((sum, count) => sum + count, 0);
    const error = t.throws(() => checkFit(settings({ ...changes, ranks: all }), data, world), {
      code,
      message,
    });
    t.is((error as unknown as { fix: string }).fix, fix);
  });

test("stages, and slices of several processes, may be more than a batch has samples", (t) => {
  const fits = (layout: Settings["layout"], ranks: number[]) => {
    const world = { self: 0, ranks };
    t.notThrows(() => checkFit(settings({ layout, ranks: ranksOfLayout(layout) }), data, world));
  };
  fits({ dp: 1, tp: 1, pp: 9 }, [9]);
  fits({ dp: 8, tp: 1, pp: 3 }, [24]);
  fits({ dp: 1, tp: 9, pp: 1 }, [1, 1, 1, 1, 1, 1, 1, 1, 1]);
  fits({ dp: 8, tp: 2, pp: 1 }, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});

test("a pipeline is refused if and only if a rank would never have a row of any micro-batch", (t) => {
  const size = (max: number) => fc.integer({ min: 1, max });
  const drawn = fc.record({
    dp: size(4),
    tp: size(3),
    pp: size(3),
    batch: size(12),
    microBatches: size(12),
    most: size(9),
  });
  let refused = 0;
  fc.assert(
    fc.property(drawn, ({ batch, microBatches, most, ...layout }) => {
      const all = ranksOfLayout(layout);
      const ranks = Array.from({ length: Math.ceil(all / most) }, (_, at) => Math.min(most, all - at * most));
      const wish = settings({ layout, ranks: all, batch, microBatches });
      const pipeline = pipelineOf(wish, ranks);
      fc.pre(pipeline !== undefined && pipeline.microBatches <= batch);
      const { gangs, slices, microBatches: pieces } = pipeline as NonNullable<typeof pipeline>;
      const grid = { replicas: layout.dp, slices, gangs };
      const teams = teamsOf({ self: 0, ranks }, grid);
      const cut = { microBatches: pieces, summedSince: Array(pieces).fill(0), grid, teams };
      const isIdle = (process: number, rank: number) =>
        Array.from({ length: pieces }, (_, microBatch) =>
          rowsOfMicroBatch(placeOfRank(cut, process, rank), batch, microBatch),
        ).every(({ own }) => own.rows === 0);
      const someIdle = ranks.some((count, process) =>
        Array.from({ length: count }, (_, rank) => isIdle(process, rank)).includes(true),
      );
      const world = { self: 0, ranks };
      if (someIdle) t.throws(() => checkFit(wish, data, world), { code: "too-many-ranks" });
      else t.notThrows(() => checkFit(wish, data, world));
      if (someIdle) refused++;
    }),
    { numRuns: 1000 },
  );
  t.true(refused > 100, `${refused}`);
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
