import test from "ava";
import { differentiate } from "../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { fuse } from "../../src/graph/fuse.ts";
import { activations } from "../../src/graph/ops/activation.ts";
import { addBias } from "../../src/graph/ops/bias.ts";
import { crossEntropy } from "../../src/graph/ops/loss.ts";
import { matmul } from "../../src/graph/ops/matmul.ts";
import { residual } from "../../src/graph/ops/sum.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { mlp } from "../../src/nn/models.ts";
import { trainingGraph } from "../../src/nn/step.ts";
import { Looks } from "../looks.ts";

/** A product, a bias and an activation; `kept` names the one whose output lasts beyond the step. */
function layer(kept?: "matmul" | "addBias"): { names: string[]; keeps: boolean } {
  const graph = new GraphBuilder();
  const x = graph.block("x", ["batch", 5], "f32");
  const weight = graph.parameter("layer", "weight", [5, 3], { constant: 1 });
  const bias = graph.parameter("layer", "bias", [3], { constant: 1 });
  const apply = (op: typeof matmul, inputs: Tensor[]) =>
    op.name === kept ? graph.applyKept(op, inputs, ["kept"])[0] : graph.apply(op, inputs)[0];
  const sum = apply(addBias, [apply(matmul, [x, weight]), bias]);
  graph.apply(activations.relu, [sum]);
  const fused = fuse(graph.nodes);
  return {
    names: fused.map(({ op, inputs, attributes }) =>
      [op.name, inputs.length > 2 ? "bias" : "", attributes.activation].filter(Boolean).join("+"),
    ),
    keeps: fused.some(({ outputs }) =>
      outputs.some(({ name, kind }) => name === "kept" && kind === "stream"),
    ),
  };
}

test("a product absorbs the bias and the activation that follow it", (t) => {
  t.deepEqual(layer().names, ["matmul+bias+relu"]);
});

test("a value that is kept is not fused away, though the graph has only one reader of it", (t) => {
  t.deepEqual(layer("matmul"), { names: ["matmul", "addBias", "relu"], keeps: true });
  t.deepEqual(layer("addBias"), { names: ["matmul+bias", "relu"], keeps: true });
});

test("a product whose output two nodes read absorbs neither", (t) => {
  const graph = new GraphBuilder();
  const x = graph.block("x", ["batch", 5], "f32");
  const weight = graph.parameter("layer", "weight", [5, 3], { constant: 1 });
  const [product] = graph.apply(matmul, [x, weight]);
  graph.apply(activations.relu, [product]);
  graph.apply(activations.tanh, [product]);
  t.deepEqual(
    fuse(graph.nodes).map(({ op }) => op.name),
    ["matmul", "relu", "tanh"],
  );
});

test("the gradient of an activation's output takes the activation's own gradient into its product", (t) => {
  const samples = { width: 4, classes: 2, count: 9 };
  for (const activation of ["relu", "sigmoid", "tanh", "gelu"] as const) {
    const { graph } = trainingGraph(mlp([5], activation), samples, "sgd", false);
    const names = fuse(graph.nodes).map(({ op, attributes }) => `${op.name} ${attributes.activation ?? ""}`);
    t.true(names.includes(`matmulInputGradient ${activation}`));
    t.false(names.includes(`${activation}Gradient `));
  }
});

test("an activation whose output has two uses keeps a gradient of its own, after the sum of the two", (t) => {
  const graph = new GraphBuilder();
  const x = graph.block("x", ["batch", 5], "f32");
  const weight = graph.parameter("layer", "weight", [5, 5], { constant: 1 });
  const [h] = graph.apply(activations.tanh, [graph.apply(matmul, [x, weight])[0]]);
  const [sum] = graph.apply(residual, [h, graph.apply(matmul, [h, weight])[0]]);
  graph.apply(crossEntropy, [sum, graph.block("labels", ["batch"], "i32")]);
  differentiate(graph, graph.nodes[graph.nodes.length - 1]);
  t.true(fuse(graph.nodes).some(({ op }) => op.name === "tanhGradient"));
  t.deepEqual(
    fuse(graph.nodes).filter(
      ({ op, attributes }) => op.name === "matmulInputGradient" && attributes.activation,
    ),
    [],
  );
});

test("fusion looks at a graph three times as deep about three times as often", (t) => {
  const cost = (layers: number) => {
    const looks = new Looks();
    const samples = { width: 4, classes: 2, count: 9 };
    const { graph } = trainingGraph(mlp(Array(layers).fill(4), "relu"), samples, "sgd", false);
    fuse(graph.nodes.map((node) => looks.at(node)));
    return looks.count;
  };
  t.true(cost(90) < 3.3 * cost(30));
});
