import test from "ava";
import * as fc from "fast-check";
import { fuse } from "../../src/graph/fuse.ts";
import { matmul } from "../../src/graph/ops/matmul.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { add, linear, relu, tanh } from "../../src/nn/layers.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import { trainingGraph } from "../../src/nn/step.ts";
import { divideByUnits, layersByUnits, UNIT_BLOCK, unitFamily } from "../../src/parallel/units.ts";
import { partition } from "../../src/program/partition.ts";
import { cutIntoPhases } from "../../src/program/phases.ts";
import { draw } from "../program/picture.ts";

const MNIST = { width: 784, classes: 10, count: 60000 };

function training(model: Model, clips = false) {
  return fuse(trainingGraph(model, MNIST, "sgd", clips).graph.nodes);
}

const chosen = (model: Model, batch: number, ranks: number, policy?: "always") => [
  ...layersByUnits(training(model), batch, ranks, policy),
];

test("a layer by units has a phase for its product, one for the layers after it, and one for all gradients", (t) => {
  const { nodes } = divideByUnits(training(mlp([128, 64], "relu")), new Set(["linear1.weight"]));
  t.deepEqual(draw(cutIntoPhases(nodes)), [
    "gatherBytes · matmul 1W · gatherLabels",
    "matmul 2W · matmul 3W · loss · dX 3W",
    "sumLosses · sumLosses · db 3b · sgd 3b · db 2b · sgd 2b · dX 2W · db 1b · sgd 1b · matmul+sgd 1W · matmul+sgd 2W · matmul+sgd 3W",
  ]);
});

test("clipping by the global norm takes two more phases then, too", (t) => {
  const { nodes } = divideByUnits(training(mlp([128], "relu"), true), new Set(["linear1.weight"]));
  t.is(cutIntoPhases(nodes).length, 5);
});

test("the first layer of a small batch is divided by units; not on one rank, nor where units are too few to share", (t) => {
  t.deepEqual(chosen(mlp([128], "relu"), 64, 2), ["linear1.weight"]);
  t.deepEqual(chosen(mlp([512, 512], "relu"), 256, 2), ["linear1.weight"]);
  t.deepEqual(chosen(mlp([128], "relu"), 64, 1), []);
  t.deepEqual(chosen(mlp([16], "relu"), 64, 2), []);
  t.deepEqual(chosen(mlp([128], "relu"), 2048, 7), []);
});

test("every layer that reads samples can be divided, unless another layer's units are added to its own", (t) => {
  const apart: Model = (x, classes) =>
    add(linear(relu(linear(x, 40)), classes), linear(tanh(linear(x, 50)), classes));
  const together: Model = (x, classes) => linear(add(relu(linear(x, 40)), tanh(linear(x, 40))), classes);
  const skip: Model = (x, classes) => linear(add(linear(relu(linear(x, 64)), 128), linear(x, 128)), classes);
  t.deepEqual(chosen(apart, 8, 3, "always"), ["linear1.weight", "linear3.weight"]);
  t.deepEqual(chosen(together, 8, 3, "always"), []);
  t.deepEqual(chosen(skip, 8, 3, "always"), ["linear1.weight"]);
});

test("weights that two products use, and units that are inputs of their own layer, are not divided", (t) => {
  const shared: Model = (x, classes) => {
    const weight = x.graph.parameter("shared", "weight", [784, 32], { uniform: 0.1 });
    const [once, again] = [0, 1].map(() => x.graph.apply(matmul, [x, weight])[0]);
    return linear(add(once, again), classes);
  };
  const looped: Model = (x, classes) => {
    const weight = x.graph.parameter("square", "weight", [32, 32], { uniform: 0.1 });
    const through = (h: Tensor) => tanh(x.graph.apply(matmul, [h, weight])[0]);
    return linear(through(through(linear(x, 32))), classes);
  };
  t.deepEqual(chosen(shared, 8, 2, "always"), []);
  t.deepEqual(chosen(looped, 8, 2, "always"), []);
});

test("ranks own whole blocks of units, as evenly as blocks allow, and the next layer's rows with them", (t) => {
  const job = fc.record({ units: fc.integer({ min: 1, max: 300 }), ranks: fc.integer({ min: 2, max: 9 }) });
  fc.assert(
    fc.property(job, ({ units, ranks }) => {
      const { nodes } = divideByUnits(training(mlp([units], "relu")), new Set(["linear1.weight"]));
      const slices = partition(nodes, 32, ranks).get(unitFamily("linear1.weight")) ?? [];
      const most = Math.ceil(Math.ceil(units / UNIT_BLOCK) / ranks) * UNIT_BLOCK;
      let end = 0;
      for (const { first, count } of slices) {
        t.is(first, end);
        t.true(count === 0 || first % UNIT_BLOCK === 0);
        t.true(count <= most, `${count} of ${units} units on one of ${ranks} ranks`);
        end = first + count;
      }
      t.is(end, units);
    }),
    { numRuns: 60 },
  );
});
