/** Jobs drawn at random: whatever the sizes, any number of ranks in any order leaves what one rank leaves. */
import test from "ava";
import * as fc from "fast-check";
import { ACTIVATIONS, OPTIMIZERS } from "../../src/base/config.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import type { UnitPolicy } from "../../src/parallel/units.ts";
import type { SumForm, SumPlan } from "../../src/program/chunks.ts";
import { synthetic } from "../synthetic.ts";
import { drawnModel, lines } from "./drawn-model.ts";
import { evaluateInTurn, hashOf, type Turns, trainInTurn } from "./in-turn.ts";
import { oneThread } from "./one-thread.ts";
import { drawing, processesInTurn, trainProcesses } from "./processes-in-turn.ts";

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

const worlds = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 5 });

/** The form of sums for each parameter, in turn, and how large their chunks are. */
const sums = {
  forms: fc.array(fc.constantFrom<SumForm>("exchange", "sharded", "ordered"), { minLength: 1, maxLength: 5 }),
  chunkBytes: fc.constantFrom(256, 4096, 65536),
  smallBytes: fc.constantFrom(0, 128, 4096),
};

function sumPlan(forms: readonly SumForm[], chunkBytes: number, smallBytes: number): SumPlan {
  const known = new Map<string, SumForm>();
  const formOf = ({ name }: { name: string }) => {
    const form = known.get(name) ?? forms[known.size % forms.length];
    known.set(name, form);
    return form;
  };
  return { formOf, chunkBytesOf: () => chunkBytes, smallBytesOf: () => smallBytes };
}

type Processes = Omit<Sizes, "ranks" | "units"> & {
  ranks: readonly number[];
  forms: SumForm[];
  chunkBytes: number;
  smallBytes: number;
  seed: number;
};

/** What one rank leaves, and what each of several processes leaves. */
function outcomesOfProcesses(
  model: Model,
  { samples, testSamples, width, classes, batch, ...job }: Processes,
) {
  const { ranks, forms, chunkBytes, smallBytes, seed, ...options } = job;
  const data = synthetic(samples, testSamples, width, classes);
  const wish = { ...options, model, data, batch: Math.min(batch, samples) };
  const alone = oneThread({ ...wish, ranks: 1 });
  const aloneLosses = trainInTurn(alone, 4);
  const jobs = processesInTurn({ ...wish, sums: sumPlan(forms, chunkBytes, smallBytes) }, ranks);
  const losses = trainProcesses(jobs, 4, drawing(seed));
  return { alone: { losses: aloneLosses, hash: hashOf(alone) }, losses, hashes: jobs.map(hashOf) };
}

test("processes that add their gradients leave the same bits, whoever is late, and nearly those of one rank", (t) => {
  const { ranks: _, units: __, ...shared } = sizes;
  // Not Adam, whose first steps have the size of the learning rate however small a gradient is.
  const optimizer = fc.constantFrom("sgd" as const, "momentum" as const);
  const job = {
    ...shared,
    optimizer,
    ranks: worlds,
    chunkBytes: sums.chunkBytes,
    smallBytes: sums.smallBytes,
    seed: fc.nat(),
  };
  const forms: SumForm[] = ["ring"];
  fc.assert(
    fc.property(fc.record({ plan: lines, ...job }), ({ plan, ...job }) => {
      const { alone, losses, hashes } = outcomesOfProcesses(drawnModel(plan), { ...job, forms });
      for (const [step, loss] of losses.entries())
        t.true(Math.abs(loss - alone.losses[step]) <= 1e-3 * (1 + alone.losses[step]), `${losses}`);
      t.is(new Set(hashes).size, 1);
    }),
    { numRuns: 50 },
  );
});

test("processes of any numbers of ranks all leave what one rank leaves, whoever is late, by exchange, by shards and by ordered sums", (t) => {
  const { ranks: _, units: __, ...shared } = sizes;
  const job = { ...shared, ranks: worlds, seed: fc.nat() };
  fc.assert(
    fc.property(fc.record({ plan: lines, ...job }), fc.record(sums), ({ plan, ...job }, sums) => {
      const { alone, losses, hashes } = outcomesOfProcesses(drawnModel(plan), { ...job, ...sums });
      t.deepEqual(losses, alone.losses);
      t.deepEqual(new Set(hashes), new Set([alone.hash]));
    }),
    { numRuns: 100 },
  );
});
