/** Slices in several processes that divide layers in pairs: nearly what one rank leaves, and the same bits wherever two have the same. */
import test from "ava";
import * as fc from "fast-check";
import { ACTIVATIONS, SCHEDULE_NAMES } from "../../src/base/config.ts";
import { matmul } from "../../src/graph/ops/matmul.ts";
import { elementCount } from "../../src/graph/tensor.ts";
import { add, linear, tanh } from "../../src/nn/layers.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import { tensorOf } from "../../src/rank/state.ts";
import { synthetic } from "../synthetic.ts";
import { drawnModel, lines } from "./drawn-model.ts";
import { evaluateInTurn, hashOf, trainInTurn } from "./in-turn.ts";
import { type OneThread, oneThread } from "./one-thread.ts";
import { collect, drawing, processesInTurn, trainProcesses } from "./processes-in-turn.ts";

const size = (max: number) => fc.integer({ min: 1, max });

const job = fc.record({
  // Not Adam, whose first steps have the size of the learning rate however small a gradient is.
  optimizer: fc.constantFrom("sgd" as const, "momentum" as const),
  fuses: fc.boolean(),
  width: size(40),
  classes: size(80),
  samples: size(60),
  batch: size(40),
  slices: fc.integer({ min: 2, max: 4 }),
  /** Ranks of every process, of which as many are slices as there can be. */
  ranks: size(2),
  replicas: size(2),
  gangs: size(2),
  microBatches: size(3),
  schedule: fc.constantFrom(...SCHEDULE_NAMES),
  seeds: fc.tuple(fc.nat(), fc.nat()),
});
type Job = typeof job extends fc.Arbitrary<infer Value> ? Value : never;

const STEPS = 3;

function alone(model: Model, { optimizer, width, classes, samples, batch, fuses }: Job) {
  const data = synthetic(samples, 10, width, classes);
  const made = oneThread({ optimizer, fuses, model, data, batch: Math.min(batch, samples), ranks: 1 });
  return { made, losses: trainInTurn(made, STEPS) };
}

function inPairs(model: Model, drawn: Job, seed: number) {
  const { optimizer, width, classes, samples, fuses, slices, replicas, gangs, microBatches, schedule } =
    drawn;
  const data = synthetic(samples, 10, width, classes);
  const batch = Math.min(drawn.batch, samples);
  const pipeline = { gangs, slices, microBatches, schedule, pairs: true };
  const perProcess = slices % drawn.ranks === 0 ? drawn.ranks : 1;
  const ranks = Array((slices * replicas * gangs) / perProcess).fill(perProcess);
  const jobs = processesInTurn({ optimizer, fuses, model, data, batch, pipeline }, ranks);
  return { jobs, losses: trainProcesses(jobs, STEPS, drawing(seed)) };
}

const bytesOf = ({ memory, address }: OneThread, name: string, elements: number) =>
  Buffer.from(memory.buffer, address(name), 4 * elements);

/** Names of weights, or pieces of them, in which processes differ that should have the same. */
const differences = (jobs: readonly OneThread[]): string[] =>
  jobs[0].layout.holdings.flatMap(({ holders: [first, ...others], tensors }) =>
    tensors.flatMap(({ name, shape }) => {
      const [own, ...rest] = [first, ...others].map((process) =>
        bytesOf(jobs[process], name, elementCount(shape)),
      );
      return rest.every((bytes) => bytes.equals(own)) ? [] : [name];
    }),
  );

const weightsOf = ({ memory, layout }: OneThread): number[] =>
  layout.step.parameters.flatMap((tensor) => [...tensorOf(memory, layout, tensor).data]);

const mostApart = (one: readonly number[], other: readonly number[]): number =>
  one.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - other[index]) / (1 + Math.abs(value))),
    0,
  );

test("pairs of any sizes leave nearly what one rank leaves, and the same bits in all processes, whoever is late", (t) => {
  let pairs = 0;
  const hidden = fc.array(size(90), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(job, hidden, fc.constantFrom(...ACTIVATIONS), (drawn, hidden, activation) => {
      const model = mlp(hidden, activation);
      const one = alone(model, drawn);
      const hashes = drawn.seeds.flatMap((seed) => {
        const { jobs, losses } = inPairs(model, drawn, seed);
        t.deepEqual(differences(jobs), []);
        collect(jobs);
        t.true(mostApart(one.losses, losses) < 1e-4, `${losses} for ${one.losses}`);
        t.true(mostApart(weightsOf(one.made), weightsOf(jobs[0])) < 1e-4);
        pairs += jobs[0].layout.pipelineInfo?.pairs?.length ?? 0;
        return jobs.map(hashOf);
      });
      t.is(new Set(hashes).size, 1);
    }),
    { numRuns: 40 },
  );
  t.true(pairs > 20, `${pairs}`);
});

test("any graph of layers leaves nearly what one rank leaves, in pairs where it has any", (t) => {
  let pairs = 0;
  fc.assert(
    fc.property(job, lines, fc.nat(), ({ gangs: _, ...drawn }, plan, seed) => {
      const model = drawnModel(plan);
      const one = alone(model, { ...drawn, gangs: 1 });
      const { jobs, losses } = inPairs(model, { ...drawn, gangs: 1 }, seed);
      t.deepEqual(differences(jobs), []);
      collect(jobs);
      t.true(mostApart(one.losses, losses) < 1e-3, `${losses} for ${one.losses}`);
      t.is(new Set(jobs.map(hashOf)).size, 1);
      pairs += jobs[0].layout.pipelineInfo?.pairs?.length ?? 0;
    }),
    { numRuns: 60 },
  );
  t.true(pairs > 5, `${pairs}`);
});

test("weights that two products of a pair use leave nearly what one rank leaves", (t) => {
  const model: Model = (x, classes) => {
    const weight = x.graph.parameter("shared", "weight", [20, 40], { uniform: 0.1 });
    const [once, again] = [0, 1].map(() => tanh(x.graph.apply(matmul, [x, weight])[0]));
    return linear(add(once, again), classes);
  };
  const drawn = {
    optimizer: "momentum",
    fuses: true,
    width: 20,
    classes: 10,
    samples: 30,
    batch: 10,
  } as const;
  const grid = { slices: 2, ranks: 1, replicas: 2, gangs: 1, microBatches: 2, schedule: "1f1b" } as const;
  const job = { ...drawn, ...grid, seeds: [1, 2] as [number, number] };
  const one = alone(model, job);
  const { jobs, losses } = inPairs(model, job, 1);
  t.is(jobs[0].layout.pipelineInfo?.pairs?.length, 1);
  collect(jobs);
  t.true(mostApart(one.losses, losses) < 1e-4);
  t.true(mostApart(weightsOf(one.made), weightsOf(jobs[3])) < 1e-4);
});

test("weights whose columns stand apart are evaluated to the bits of one rank", (t) => {
  fc.assert(
    fc.property(job, fc.array(size(90), { minLength: 1, maxLength: 3 }), (drawn, hidden) => {
      const model = mlp(hidden, "gelu");
      const { jobs } = inPairs(model, { ...drawn, gangs: 1 }, 1);
      collect(jobs);
      const [one] = jobs;
      const { made } = alone(model, drawn);
      for (const tensor of made.layout.step.parameters)
        tensorOf(made.memory, made.layout, tensor).data.set(tensorOf(one.memory, one.layout, tensor).data);
      for (const job of jobs) t.deepEqual(evaluateInTurn(job), evaluateInTurn(made));
    }),
    { numRuns: 20 },
  );
});

test("an odd width is cut into whole panels, and what is too narrow, or divided among ranks of one process, is exact", (t) => {
  const drawn = { optimizer: "sgd", fuses: true, width: 20, classes: 10, samples: 30, batch: 10 } as const;
  const grid = { slices: 2, ranks: 1, replicas: 1, gangs: 1, microBatches: 1, schedule: "1f1b" } as const;
  const pairsOf = (hidden: number[], more: Partial<Job> = {}) => {
    const { jobs } = inPairs(mlp(hidden, "relu"), { ...drawn, ...grid, seeds: [1, 1], ...more }, 1);
    return [jobs[0].layout.pipelineInfo?.pairs?.length, jobs[0].layout.columns.get("linear1.weight")];
  };
  const runs = [
    { first: 0, count: 16 },
    { first: 16, count: 21 },
  ];
  t.deepEqual(pairsOf([37]), [1, runs]);
  t.deepEqual(pairsOf([31]), [0, undefined]);
  t.deepEqual(pairsOf([37], { ranks: 2 }), [0, undefined]);
});
