/** Jobs drawn at random: whatever the sizes, any number of ranks in any order leaves what one rank leaves. */
import test from "ava";
import * as fc from "fast-check";
import { ACTIVATIONS, OPTIMIZERS } from "../../src/base/config.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import type { UnitPolicy } from "../../src/parallel/units.ts";
import { synthetic } from "../synthetic.ts";
import { drawnModel, lines } from "./drawn-model.ts";
import { evaluateInTurn, hashOf, type Turns, trainInTurn } from "./in-turn.ts";
import { oneThread } from "./one-thread.ts";
import { processesInTurn, trainProcesses } from "./processes-in-turn.ts";

const size = (max: number) => fc.integer({ min: 1, max });

const sizes = {
  optimizer: fc.constantFrom(...OPTIMIZERS),
  clipNorm: fc.option(fc.constant(0.5), { nil: undefined }),
  width: size(70),
  classes: size(20),
  samples: size(90),
  testSamples: size(40),
  batch: size(40),
  ranks: fc.integer({ min: 2, max: 9 }),
  fuses: fc.boolean(),
  units: fc.constantFrom<UnitPolicy>("always", "never"),
};
type Sizes = {
  [Key in keyof typeof sizes]: (typeof sizes)[Key] extends fc.Arbitrary<infer Value> ? Value : never;
};

/** What one rank leaves, and what many leave that go backwards within each phase. */
function outcomes(model: Model, { samples, testSamples, width, classes, batch, ...job }: Sizes) {
  return [
    { ranks: 1, fuses: true, units: "never" as const },
    { ranks: job.ranks, fuses: job.fuses, units: job.units },
  ].map((how) => {
    const backwards: Turns = (ranks) => ranks.toReversed();
    const data = synthetic(samples, testSamples, width, classes);
    const made = oneThread({ ...job, model, data, batch: Math.min(batch, samples), ...how });
    const losses = trainInTurn(made, 4, backwards);
    return { losses, hash: hashOf(made), test: evaluateInTurn(made, backwards) };
  });
}

const perceptrons = {
  hidden: fc.array(size(70), { maxLength: 3 }),
  activation: fc.constantFrom(...ACTIVATIONS),
};

test("one rank and many leave the same bits for perceptrons of any sizes", (t) => {
  fc.assert(
    fc.property(fc.record({ ...perceptrons, ...sizes }), ({ hidden, activation, ...job }) => {
      const [alone, together] = outcomes(mlp(hidden, activation), job);
      t.deepEqual(together, alone);
      t.regex(String(alone.hash), /^[0-9a-f]{64}$/);
    }),
    { numRuns: 60 },
  );
});

test("one rank and many leave the same bits for any graph of layers", (t) => {
  fc.assert(
    fc.property(fc.record({ plan: lines, ...sizes }), ({ plan, ...job }) => {
      const [alone, together] = outcomes(drawnModel(plan), job);
      t.deepEqual(together, alone);
    }),
    { numRuns: 60 },
  );
});

const worlds = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 });

/** What one rank leaves, and what each of several processes leaves. */
function outcomesOfProcesses(model: Model, ranks: readonly number[], sizes: Omit<Sizes, "ranks" | "units">) {
  const { samples, testSamples, width, classes, batch, ...job } = sizes;
  const backwards: Turns = (list) => list.toReversed();
  const data = synthetic(samples, testSamples, width, classes);
  const wish = { ...job, model, data, batch: Math.min(batch, samples) };
  const alone = oneThread({ ...wish, ranks: 1 });
  const aloneLosses = trainInTurn(alone, 4);
  const jobs = processesInTurn(wish, ranks);
  const losses = trainProcesses(jobs, 4, backwards);
  return { alone: { losses: aloneLosses, hash: hashOf(alone) }, losses, hashes: jobs.map(hashOf) };
}

test("processes of any numbers of ranks that exchange factors all leave what one rank leaves", (t) => {
  const { ranks: _, units: __, ...shared } = sizes;
  fc.assert(
    fc.property(fc.record({ plan: lines, ranks: worlds, ...shared }), ({ plan, ranks, ...job }) => {
      const { alone, losses, hashes } = outcomesOfProcesses(drawnModel(plan), ranks, job);
      t.deepEqual(losses, alone.losses);
      t.deepEqual(new Set(hashes), new Set([alone.hash]));
    }),
    { numRuns: 60 },
  );
});
