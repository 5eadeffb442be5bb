import test from "ava";
import { matmul } from "../../src/graph/ops/matmul.ts";
import type { Node, Tensor } from "../../src/graph/tensor.ts";
import { add, linear, relu } from "../../src/nn/layers.ts";
import type { Model } from "../../src/nn/models.ts";
import { trainingGraph } from "../../src/nn/step.ts";
import { Spaces } from "../../src/parallel/spaces.ts";

function build(model: Model) {
  const { graph, parameters } = trainingGraph(model, { width: 5, classes: 3, count: 9 }, "momentum", false);
  return { nodes: graph.nodes as Node[], tensors: graph.tensors, parameters };
}

/** All axes of `tensors`, by the space that they are of. */
function bySpace(spaces: Spaces, tensors: readonly Tensor[]): string[] {
  const found = new Map<number, string[]>();
  for (const tensor of tensors)
    for (const [index, space] of spaces.of(tensor).entries())
      found.set(space, [...(found.get(space) ?? []), `${tensor.name} ${index}`]);
  return [...found.values()].map((axes) => axes.join(", "));
}

test("a layer's units are columns of its weights, its bias, and rows of the next layer's weights", (t) => {
  const { nodes, parameters } = build((x, classes) => linear(relu(linear(x, 4)), classes));
  t.deepEqual(bySpace(new Spaces(nodes), parameters), [
    "linear1.weight 0",
    "linear1.weight 1, linear1.bias 0, linear2.weight 0",
    "linear2.weight 1, linear2.bias 0",
  ]);
});

test("a sum makes one space of the units of two layers", (t) => {
  const { nodes, parameters } = build((x, classes) => linear(add(linear(x, 4), linear(x, 4)), classes));
  const units = bySpace(new Spaces(nodes), parameters)[1];
  t.is(units, "linear1.weight 1, linear1.bias 0, linear2.weight 1, linear2.bias 0, linear3.weight 0");
});

test("gradients and states are of their parameter's spaces, samples of one of their own", (t) => {
  const { nodes, tensors, parameters } = build((x, classes) => linear(relu(linear(x, 4)), classes));
  const spaces = new Spaces(nodes);
  const owned = tensors.filter(({ of }) => of);
  t.true(owned.length >= 8);
  for (const tensor of owned) t.deepEqual(spaces.of(tensor), spaces.of(tensor.of as Tensor));
  const samples = new Set(
    tensors.flatMap((tensor) => (tensor.shape[0] === "batch" ? [spaces.of(tensor)[0]] : [])),
  );
  t.is(samples.size, 1);
  for (const parameter of parameters) for (const space of spaces.of(parameter)) t.false(samples.has(space));
});

test("a square matrix used twice in a row has one space for rows and columns", (t) => {
  const { nodes, tensors } = build((x, classes) => {
    const weight = x.graph.parameter("square", "weight", [4, 4], { uniform: 1 });
    const [h] = x.graph.apply(matmul, [linear(x, 4), weight]);
    return linear(x.graph.apply(matmul, [h, weight])[0], classes);
  });
  const square = tensors.find(({ name }) => name === "square.weight") as Tensor;
  const [rows, columns] = new Spaces(nodes).of(square);
  t.is(rows, columns);
});
