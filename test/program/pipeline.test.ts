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
import { drawing, trainProcesses } from "./processes-in-turn.ts";

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
  gangRanks: size(3),
  microBatches: size(7),
  schedule: fc.constantFrom(...SCHEDULE_NAMES),
  seed: fc.nat(),
});
type Job = typeof job extends fc.Arbitrary<infer Value> ? Value : never;

/** What one rank leaves, and what a pipeline leaves whose ranks go on in any order. */
function outcomes(model: Model, drawn: Job) {
  const { width, classes, samples, pipelineRanks, gangRanks, microBatches, schedule, seed, ...wish } = drawn;
  const data = synthetic(samples, 10, width, classes);
  const batch = Math.min(wish.batch, samples);
  const alone = oneThread({ ...wish, model, data, batch, ranks: 1 });
  const losses = trainInTurn(alone, 4);
  const pipeline = { gangs: pipelineRanks, microBatches, schedule };
  const piped = oneThread({ ...wish, model, data, batch, ranks: pipelineRanks * gangRanks, pipeline });
  const pipedLosses = trainProcesses([piped], 4, drawing(seed));
  return [
    { losses, hash: hashOf(alone) },
    { losses: pipedLosses, hash: hashOf(piped) },
  ];
}

test("a pipeline of any shape leaves what one rank leaves, whoever is late", (t) => {
  const hidden = fc.array(size(40), { minLength: 3, maxLength: 5 });
  fc.assert(
    fc.property(job, hidden, fc.constantFrom(...ACTIVATIONS), (drawn, hidden, activation) => {
      const [alone, piped] = outcomes(mlp(hidden, activation), drawn);
      t.deepEqual(piped, alone);
      t.regex(String(alone.hash), /^[0-9a-f]{64}$/);
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
