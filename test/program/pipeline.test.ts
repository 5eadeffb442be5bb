/** Pipelines drawn at random: whatever the stages, gangs, micro-batches and schedule, the bits are those of one rank. */
import test from "ava";
import * as fc from "fast-check";
import { ACTIVATIONS, OPTIMIZERS, SCHEDULE_NAMES } from "../../src/base/config.ts";
import { InputError } from "../../src/base/errors.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import { synthetic } from "../synthetic.ts";
import { drawnModel, lines } from "./drawn-model.ts";
import { hashOf, trainInTurn } from "./in-turn.ts";
import { oneThread } from "./one-thread.ts";
import { collect, drawing, processesInTurn, TrainingInTurn, trainProcesses } from "./processes-in-turn.ts";

const size = (max: number) => fc.integer({ min: 1, max });

const job = fc.record({
  optimizer: fc.constantFrom(...OPTIMIZERS),
  clipNorm: fc.option(fc.constant(0.5), { nil: undefined }),
  fuses: fc.boolean(),
  width: size(40),
  classes: size(12),
  samples: size(90),
  batch: size(40),
  pipelineRanks: size(4),
  replicas: size(3),
  slices: size(3),
  /** Ranks of each process in turn, over and over: all in one, where it is null. */
  split: fc.option(fc.array(size(4), { minLength: 1, maxLength: 3 }), { nil: null }),
  microBatches: size(7),
  schedule: fc.constantFrom(...SCHEDULE_NAMES),
  seed: fc.nat(),
});
type Job = typeof job extends fc.Arbitrary<infer Value> ? Value : never;

/** How many ranks each process has. */
function processesOf(ranks: number, split: readonly number[] | null): number[] {
  if (split === null) return [ranks];
  const processes: number[] = [];
  for (let left = ranks; left > 0; left -= processes.at(-1) as number)
    processes.push(Math.min(left, split[processes.length % split.length]));
  return processes;
}

/** What one rank leaves, and what each process of a pipeline leaves of its stages whose ranks go on in any order. */
function outcomes(model: Model, drawn: Job) {
  const { width, classes, samples, pipelineRanks, replicas, slices, split, microBatches, schedule, seed } =
    drawn;
  const { optimizer, clipNorm, fuses } = drawn;
  const wish = { optimizer, clipNorm, fuses };
  const data = synthetic(samples, 10, width, classes);
  const batch = Math.min(drawn.batch, samples);
  const alone = oneThread({ ...wish, model, data, batch, ranks: 1 });
  const losses = trainInTurn(alone, 4);
  const pipeline = { gangs: pipelineRanks, slices, microBatches, schedule };
  const ranks = processesOf(pipelineRanks * replicas * slices, split);
  const piped = processesInTurn({ ...wish, model, data, batch, pipeline }, ranks);
  const pipedLosses = trainProcesses(piped, 4, drawing(seed));
  collect(piped);
  return [
    { losses, hashes: new Set([hashOf(alone)]) },
    { losses: pipedLosses, hashes: new Set(piped.map(hashOf)) },
  ];
}

test("a pipeline of any shape leaves what one rank leaves, whoever is late", (t) => {
  // Slices divide columns only where each has sixteen.
  const hidden = fc.array(size(70), { minLength: 3, maxLength: 5 });
  fc.assert(
    fc.property(job, hidden, fc.constantFrom(...ACTIVATIONS), (drawn, hidden, activation) => {
      const [alone, piped] = outcomes(mlp(hidden, activation), drawn);
      t.deepEqual(piped, alone);
      t.regex([...alone.hashes].join(), /^[0-9a-f]{64}$/);
    }),
    { numRuns: 60 },
  );
});

test("a pipeline of any graph of layers leaves what one rank leaves, or says how many stages it can have", (t) => {
  let made = 0;
  fc.assert(
    fc.property(job, lines, (drawn, plan) => {
      try {
        const [alone, piped] = outcomes(drawnModel(plan), drawn);
        t.deepEqual(piped, alone);
        made++;
      } catch (thrown) {
        if (!(thrown instanceof InputError)) throw thrown;
        t.is(thrown.code, "too-many-stages");
      }
    }),
    { numRuns: 100 },
  );
  t.true(made > 30, `${made}`);
});

test("processes in turn come to be a step ahead of others, as they are in reality", (t) => {
  const pipeline = { gangs: 2, slices: 1, microBatches: 3, schedule: "1f1b" } as const;
  const jobs = processesInTurn(
    { model: mlp([20, 20], "relu"), data: synthetic(50), batch: 20, pipeline },
    [1, 1],
  );
  const training = new TrainingInTurn(jobs, 6, drawing(1));
  while (training.happen());
  t.true(training.isDone);
  t.true(training.ahead > 0);
});
