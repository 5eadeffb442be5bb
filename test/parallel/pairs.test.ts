/** Which layers are pairs, and what becomes of their nodes. */
import test from "ava";
import { fuse } from "../../src/graph/fuse.ts";
import { matmul } from "../../src/graph/ops/matmul.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { add, linear, relu } from "../../src/nn/layers.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import { trainingGraph } from "../../src/nn/step.ts";
import { DividedNodes } from "../../src/parallel/divided-nodes.ts";
import { findPairs } from "../../src/parallel/pairs.ts";
import { Spaces } from "../../src/parallel/spaces.ts";

const MNIST = { width: 784, classes: 10, count: 60000 };

const training = (model: Model, clips = false) =>
  fuse(trainingGraph(model, MNIST, "sgd", clips).graph.nodes, () => true);

function pairsOf(model: Model, clips = false): string[] {
  const nodes = training(model, clips);
  return findPairs(nodes, new Spaces(nodes), () => true).map(
    ({ columns, rows }) => `${columns.name} ${rows.name}`,
  );
}

test("layers are paired from the first on, and the last of an odd number is left", (t) => {
  const first = "linear1.weight linear2.weight";
  t.deepEqual(pairsOf(mlp([], "relu")), []);
  t.deepEqual(pairsOf(mlp([64], "relu")), [first]);
  t.deepEqual(pairsOf(mlp([64, 32], "gelu")), [first]);
  t.deepEqual(pairsOf(mlp([64, 32, 48], "gelu")), [first, "linear3.weight linear4.weight"]);
});

test("units that two layers make, or two read, or that are inputs of their own layer, are no pair", (t) => {
  const together: Model = (x, classes) => linear(add(relu(linear(x, 40)), relu(linear(x, 40))), classes);
  const apart: Model = (x, classes) => {
    const hidden = relu(linear(x, 40));
    return add(linear(hidden, classes), linear(hidden, classes));
  };
  const looped: Model = (x, classes) => {
    const weight = x.graph.parameter("square", "weight", [40, 40], { uniform: 0.1 });
    const through = (h: Tensor) => relu(x.graph.apply(matmul, [h, weight])[0]);
    return linear(through(through(linear(x, 40))), classes);
  };
  t.deepEqual(pairsOf(looped), []);
  t.deepEqual(pairsOf(together), []);
  t.deepEqual(pairsOf(apart), []);
});

test("where gradients are clipped by their norm nothing is paired", (t) => {
  t.deepEqual(pairsOf(mlp([64, 32], "relu"), true), []);
});

test("what sums over divided units becomes a part of every slice, their sum, and what its epilogue was", (t) => {
  const nodes = training(mlp([64, 32], "relu"));
  const spaces = new Spaces(nodes);
  const [{ space }] = findPairs(nodes, spaces, () => true);
  const runs = [
    { first: 0, count: 32 },
    { first: 32, count: 32 },
  ];
  const owners = runs.map((_, first) => ({ first, count: 1 }));
  const divided = new DividedNodes(spaces, new Map([[space, { owners, runs, own: 1 }]]));
  const shown = (list: readonly { op: { name: string }; slices?: unknown }[]) =>
    list.map(({ op, slices }) =>
      slices === undefined ? op.name : `${op.name} of ${JSON.stringify(slices)}`,
    );
  const products = nodes.filter(({ op }) => op.name === "matmul");
  t.deepEqual(shown(divided.divide(products[0])), ['matmul of "each"']);
  t.deepEqual(divided.divide(products[0])[0].outputs[0].shape, ["batch", 32]);
  t.deepEqual(shown(divided.divide(products[1])), [
    'matmul of {"first":0,"count":1}',
    'matmul of {"first":1,"count":1}',
    ...["residual", "addBias", "relu"],
  ]);
  t.is(divided.divide(products[1]).at(-1)?.outputs[0], products[1].outputs[0]);
  t.deepEqual(divided.divide(products[2]), [products[2]]);
});
