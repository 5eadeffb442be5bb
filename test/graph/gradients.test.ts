import test from "ava";
import { differentiate } from "../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { fuse } from "../../src/graph/fuse.ts";
import type { Op } from "../../src/graph/op.ts";
import { crossEntropy } from "../../src/graph/ops/loss.ts";
import { matmul } from "../../src/graph/ops/matmul.ts";
import { residual } from "../../src/graph/ops/sum.ts";
import { elementCount, type Node, type Tensor } from "../../src/graph/tensor.ts";
import type { ActivationName } from "../../src/kernels/abi.ts";
import { add, gelu, linear, relu, sigmoid, tanh } from "../../src/nn/layers.ts";
import { mlp } from "../../src/nn/models.ts";
import { interpret, type Values } from "./interpreter.ts";

const BATCH = 5;
const WIDTH = 6;
const CLASSES = 4;
type Function = (x: Tensor, classes: number) => Tensor;

/** Repeatable numbers in −1…1 without any random source. */
const noise = (seed: number) => (_: unknown, index: number) =>
  Math.sin(12.9898 * (index + 1) + 78.233 * seed);

function build(model: Function) {
  const graph = new GraphBuilder();
  const x = graph.block("x", ["batch", WIDTH], "f32");
  const labels = graph.block("labels", ["batch"], "i32");
  graph.apply(crossEntropy, [model(x, CLASSES), labels]);
  const loss = graph.nodes.at(-1) as Node;
  const gradients = differentiate(graph, loss);
  const values: Values = new Map([
    [x, Float64Array.from({ length: BATCH * WIDTH }, noise(1))],
    [labels, Float64Array.from({ length: BATCH }, (_, index) => index % CLASSES)],
  ]);
  for (const parameter of gradients.keys())
    values.set(parameter, Float64Array.from({ length: elementCount(parameter.shape) }, noise(parameter.id)));
  return { graph, loss, gradients, values };
}

/** Mean loss of the batch with the values as they are. */
function meanLoss({ graph, loss, values }: ReturnType<typeof build>): number {
  interpret(graph.nodes.slice(0, loss.id + 1), values, BATCH);
  return (values.get(loss.outputs[0]) as Float64Array).reduce((sum, one) => sum + one, 0) / BATCH;
}

/** The largest distance between a gradient of the graph and a central difference of the loss. */
function worstError(model: Function): number {
  const built = build(model);
  const { graph, gradients, values } = built;
  interpret(graph.nodes, values, BATCH);
  const step = 1e-5;
  let worst = 0;
  for (const [parameter, gradient] of gradients) {
    const exact = (values.get(gradient) as Float64Array).slice();
    const weights = values.get(parameter) as Float64Array;
    weights.forEach((weight, index) => {
      weights[index] = weight + step;
      const above = meanLoss(built);
      weights[index] = weight - step;
      const below = meanLoss(built);
      weights[index] = weight;
      worst = Math.max(worst, Math.abs((above - below) / (2 * step) - exact[index]));
    });
  }
  return worst;
}

for (const activation of ["relu", "sigmoid", "tanh", "gelu"] as ActivationName[])
  test(`the gradients of products, biases, ${activation} and the loss are those of finite differences in f64`, (t) => {
    t.true(worstError(mlp([7, 5], activation)) < 1e-8);
  });

test("the gradient of a value used several times is the sum over its uses", (t) => {
  const residual: Function = (x, classes) => {
    const h = tanh(linear(x, 5));
    const twice = add(h, sigmoid(linear(h, 5)));
    return linear(add(twice, gelu(linear(h, 5, { bias: false }))), classes);
  };
  t.true(worstError(residual) < 1e-8);
});

test("gradients of several uses are added in ascending order of the uses", (t) => {
  const { graph, gradients } = build((x, classes) => {
    const h = linear(x, 5);
    return linear(add(add(relu(h), tanh(h)), sigmoid(h)), classes);
  });
  const sums = graph.nodes.filter(({ op }) => op.name === "add");
  const producers = sums.map(({ inputs }) => inputs.map((input) => input.name.replace(/\d.*/, "")));
  t.deepEqual(producers, [
    ["reluGradient", "tanhGradient"],
    ["add", "sigmoidGradient"],
  ]);
  t.is(gradients.size, 4);
});

test("a model of one linear layer needs no gradient of the data", (t) => {
  const { graph } = build(mlp([], "relu"));
  t.deepEqual(
    graph.nodes.map(({ op }) => op.name),
    ["matmul", "addBias", "crossEntropy", "crossEntropyGradient", "sumSamples", "matmulParameterGradient"],
  );
});

test("fusion makes one instruction of product, bias and activation, of gradient and activation, of loss and gradient", (t) => {
  const names = fuse(build(mlp([7], "sigmoid")).graph.nodes).map(({ op, attributes }) =>
    [op.name, attributes.activation].filter(Boolean).join("+"),
  );
  t.deepEqual(names, [
    "matmul+sigmoid",
    "matmul",
    "crossEntropyWithGradient",
    "sumSamples",
    "matmulParameterGradient",
    "matmulInputGradient+sigmoid",
    "sumSamples",
    "matmulParameterGradient",
  ]);
});

test("gelu keeps its input for the gradient, so it is not fused into the product", (t) => {
  const names = fuse(build(mlp([7], "gelu")).graph.nodes).map(({ op }) => op.name);
  t.deepEqual(names.slice(0, 3), ["matmul", "gelu", "matmul"]);
});

test("fused and unfused graphs compute the same", (t) => {
  const { graph, gradients, values } = build(mlp([7, 5], "tanh"));
  const unfused: Values = new Map(values);
  interpret(graph.nodes, unfused, BATCH);
  interpret(fuse(graph.nodes), values, BATCH);
  for (const gradient of gradients.values()) t.deepEqual(values.get(gradient), unfused.get(gradient));
});

/** An op of two outputs, both its input. */
const fork: Op = {
  name: "fork",
  kind: "forward",
  placement: "split",
  outputs: ([{ shape, type }]) => [0, 1].map(() => ({ shape, type })),
  axes: () => ({
    roles: {},
    inputs: [["m", "n"]],
    outputs: [
      ["m", "n"],
      ["m", "n"],
    ],
  }),
  inputGradient(graph, _node, [one, other]) {
    return one && other ? graph.apply(residual, [one, other])[0] : ((one ?? other) as Tensor);
  },
  call: () => ({ kernel: "add", operands: [] }),
  cost: () => ({ flops: 0, bytes: 0, chain: 0 }),
};

for (const [uses, model] of [
  ["its first output", ([one]: Tensor[]) => tanh(one)],
  ["its second output", ([, other]: Tensor[]) => tanh(other)],
  ["both outputs", ([one, other]: Tensor[]) => add(tanh(one), sigmoid(other))],
] as const)
  test(`an op of two outputs passes the gradient on when the loss depends on ${uses}`, (t) => {
    t.true(worstError((x, classes) => linear(model(x.graph.apply(fork, [linear(x, 5)])), classes)) < 1e-8);
  });

test("the gradient of weights that two products share is the sum of both", (t) => {
  const shared: Function = (x, classes) => {
    const weight = x.graph.parameter("shared", "weight", [5, 5], { constant: 0 });
    const through = (h: Tensor) => tanh(x.graph.apply(matmul, [h, weight])[0]);
    return linear(through(through(linear(x, 5))), classes);
  };
  t.true(worstError(shared) < 1e-8);
});

test("a parameter that the loss does not depend on is refused by name", (t) => {
  const forgotten: Function = (x, classes) => {
    linear(linear(x, 5), 3);
    return linear(x, classes);
  };
  t.throws(() => build(forgotten), {
    code: "unused-parameter",
    message: "the loss does not depend on linear1.weight: it would never learn",
  });
});

test("a parameter that reaches the loss only through an op without a gradient is refused by name", (t) => {
  const blind: Op = { ...fork, name: "blind", inputGradient: undefined };
  const blocked: Function = (x, classes) => linear(x.graph.apply(blind, [linear(x, 5)])[0], classes);
  t.throws(() => build(blocked), {
    code: "no-gradient",
    message: /^linear1\.weight would not learn: blind has no gradient for its input 0 \(addBias1\.0\)$/,
  });
});

test("an op without a gradient may stand before all parameters", (t) => {
  const blind: Op = { ...fork, name: "blind", inputGradient: undefined };
  t.is(build((x, classes) => linear(x.graph.apply(blind, [x])[0], classes)).gradients.size, 2);
});
