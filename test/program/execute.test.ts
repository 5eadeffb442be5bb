/** Programs executed with the real kernels: fused against unfused, ranks in any order, f32 against the f64 interpreter. */
import test from "ava";
import * as fc from "fast-check";
import { matmul } from "../../src/graph/ops/matmul.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import type { ActivationName } from "../../src/kernels/abi.ts";
import { add, gelu, linear, relu, sigmoid, tanh } from "../../src/nn/layers.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import { tensorOf } from "../../src/rank/state.ts";
import { interpret, knows, type Values } from "../graph/interpreter.ts";
import { synthetic } from "../synthetic.ts";
import { drawnModel, lines } from "./drawn-model.ts";
import { evaluateInTurn, hashOf, type Turns, trainInTurn } from "./in-turn.ts";
import { type OneThread, oneThread, type Wish } from "./one-thread.ts";

/** Values with several consumers, on both sides of a sum, and all activations. */
const residual: Model = (x, classes) => {
  const h = tanh(linear(x, 21));
  const twice = add(h, sigmoid(linear(h, 21)));
  const thrice = add(relu(linear(twice, 21, { bias: false })), twice);
  return linear(add(thrice, gelu(linear(h, 21))), classes);
};

/** Weights that two products use, and values added to themselves. */
const twice: Model = (x, classes) => {
  const weight = x.graph.parameter("shared", "weight", [9, 9], { uniform: 0.4 });
  const through = (h: Tensor) => tanh(x.graph.apply(matmul, [h, weight])[0]);
  const h = through(through(linear(x, 9)));
  const z = linear(add(h, h), classes);
  return add(z, z);
};

/** Layers side by side that read the samples: their units are one space. */
const branches: Model = (x, classes) =>
  linear(add(relu(linear(x, 40)), tanh(linear(x, 40, { bias: false }))), classes);

/** A layer that reads the samples beside a deeper one of the same width: their units are one space, too. */
const skip: Model = (x, classes) =>
  linear(relu(add(linear(relu(linear(x, 37)), 48), linear(x, 48))), classes);

/** Eight steps of 200 samples, the seventh short. */
const STEPS = 8;
const MODELS: [name: string, wish: Wish][] = [
  ["no hidden layer", { model: mlp([], "relu") }],
  ["relu", { model: mlp([24], "relu") }],
  ["sigmoid", { model: mlp([37, 13], "sigmoid") }],
  ["tanh", { model: mlp([16, 16, 16], "tanh") }],
  ["gelu", { model: mlp([37, 53], "gelu") }],
  ["residual sums", { model: residual }],
  ["everything used twice", { model: twice, optimizer: "momentum" }],
  ["branches", { model: branches }],
  ["a skip", { model: skip }],
  ["a skip and clipping", { model: skip, clipNorm: 0.5 }],
  [
    "a skip without an activation",
    { model: (x, c) => linear(add(linear(relu(linear(x, 37)), 48), linear(x, 48)), c) },
  ],
  ["momentum", { model: mlp([24], "relu"), optimizer: "momentum", weightDecay: 0.01 }],
  ["Adam", { model: mlp([24], "gelu"), optimizer: "adam", lr: 0.001 }],
  ["clipping", { model: mlp([24, 7], "relu"), clipNorm: 0.5 }],
  ["residual sums, Adam and clipping", { model: residual, optimizer: "adam", lr: 0.001, clipNorm: 0.5 }],
];

/** All that a job leaves: losses on the way, weights, loss and correctness of every test sample. */
function outcome(wish: Wish, turns?: Turns) {
  const job = oneThread({ ...wish, data: synthetic(200, 203) });
  const losses = trainInTurn(job, STEPS, turns);
  return { losses, hash: hashOf(job), test: evaluateInTurn(job, turns) };
}

for (const [name, wish] of MODELS) {
  test(`fused and unfused programs leave the same bits with ${name}`, (t) => {
    const fused = oneThread(wish).layout.train?.[0].instructions.length ?? 0;
    const unfused = oneThread({ ...wish, fuses: false }).layout.train?.[0].instructions.length ?? 0;
    t.true(fused < unfused);
    t.deepEqual(outcome(wish), outcome({ ...wish, fuses: false }));
  });

  test(`within a phase ranks may go in any order, with ${name}`, (t) => {
    const alone = outcome(wish);
    const backwards: Turns = (ranks) => ranks.toReversed();
    const zigzag: Turns = (ranks, phase) => ranks.map((rank) => (rank + phase) % ranks.length);
    for (const ranks of [2, 3, 7])
      for (const turns of [backwards, zigzag])
        for (const units of ["always", "never"] as const)
          t.deepEqual(outcome({ ...wish, ranks, units }, turns), alone);
    t.deepEqual(outcome({ ...wish, ranks: 3, fuses: false }, backwards), alone);
  });
}

/** What the f64 interpreter makes of the job's own weights, for all training samples as one batch. */
function interpretJob(job: OneThread): Values {
  const { data, layout, memory } = job;
  const { step } = layout;
  const images = new Uint8Array(data.train.count * data.width);
  const labels = new Uint8Array(data.train.count);
  data.train.readImages(images);
  data.train.readLabels(labels);
  const values: Values = new Map<Tensor, Float64Array>([
    [step.blocks.get("images") as Tensor, Float64Array.from(images)],
    [step.blocks.get("labels") as Tensor, Float64Array.from(labels)],
    [step.blocks.get("order") as Tensor, Float64Array.from(labels, (_, index) => index)],
  ]);
  for (const parameter of step.parameters)
    values.set(parameter, Float64Array.from(tensorOf(memory, layout, parameter).data));
  interpret(step.graph.nodes.filter(knows), values, data.train.count);
  return values;
}

const distance = (some: ArrayLike<number>, others: ArrayLike<number>) =>
  Math.max(...Array.from(some, (one, index) => Math.abs(one - others[index])));

/**
 * How far an evaluation and a step are from the interpreter, on `count` samples that are both halves of the data set. One
 * step of SGD at learning rate 1: a gradient is what the weights have lost.
 */
function compareWithF64(model: Model, count: number) {
  const halves = synthetic(count, 1);
  const data = { ...halves, test: halves.train };
  const job = oneThread({ model, data, batch: 256, lr: 1, shuffle: false });
  const values = interpretJob(job);
  const { nodes } = job.layout.step.graph;
  const [losses, correct] = nodes
    .find(({ op }) => op.name === "crossEntropy")!
    .outputs.map(values.get, values);
  const evaluation = evaluateInTurn(job);
  const [loss] = trainInTurn(job, 1);
  const gradients = job.layout.step.parameters.map((parameter) => {
    const after = tensorOf(job.memory, job.layout, parameter).data;
    const lost = values.get(parameter)!.map((before, index) => before - after[index]);
    // A parameter on which the loss does not depend has no update.
    const update = nodes.find(({ op, inputs }) => op.name === "sgd" && inputs[0] === parameter);
    return distance(lost, update ? values.get(update.inputs[1])! : lost.map(() => 0));
  });
  return {
    sample: distance(evaluation.losses, losses!),
    wrong: distance(evaluation.correct, correct!),
    loss: Math.abs(loss - losses!.reduce((sum, one) => sum + one, 0) / count),
    gradient: Math.max(...gradients),
  };
}

const twins: [name: string, model: Model][] = [
  ["no hidden layer", mlp([], "relu")],
  ...(["relu", "sigmoid", "tanh", "gelu"] as ActivationName[]).map((activation): [string, Model] => [
    activation,
    mlp([37, 13], activation),
  ]),
  ["residual sums", residual],
  ["everything used twice", twice],
];

for (const [name, model] of twins)
  for (const count of [203, 7, 1])
    test(`losses and gradients of ${count} samples are those of the f64 interpreter, with ${name}`, (t) => {
      const { sample, wrong, loss, gradient } = compareWithF64(model, count);
      t.is(wrong, 0);
      t.true(sample < 5e-7);
      t.true(loss < 5e-7);
      t.true(gradient < 2e-7);
    });

test("losses and gradients are those of the f64 interpreter for any graph of layers", (t) => {
  const job = fc.record({ plan: lines, count: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(job, ({ plan, count }) => {
      const { sample, wrong, gradient } = compareWithF64(drawnModel(plan), count);
      t.is(wrong, 0);
      t.true(sample < 2e-6, `${sample}`);
      t.true(gradient < 2e-6, `${gradient}`);
    }),
    { numRuns: 60 },
  );
});
