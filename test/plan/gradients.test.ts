import test from "ava";
import { mlp } from "../../src/nn/models.ts";
import { trainingGraph } from "../../src/nn/step.ts";
import { chooseSums, formsOf, layersOf, type Measured, sumPlanOf } from "../../src/plan/gradients.ts";
import type { SumForm } from "../../src/program/chunks.ts";

const layersOfMlp = (...hidden: number[]) =>
  layersOf(
    trainingGraph(mlp(hidden, "relu"), { width: 784, classes: 10, count: 100 }, "sgd", false).graph.nodes,
  );

const MEASURED: Measured = { latencyUs: 50, bytesPerUs: 1000, flopsPerUs: 100_000 };
const EXACT: readonly SumForm[] = ["exchange", "ordered"];
const TWO = { self: 0, ranks: [1, 1] };

test("the layers of a perceptron are its weights with their biases, the last first; the images are nobody's to send", (t) => {
  t.deepEqual(layersOfMlp(128), [
    { parameters: ["linear2.bias", "linear2.weight"], elements: 1290, factorWidth: 128 + 10 },
    { parameters: ["linear1.bias", "linear1.weight"], elements: 784 * 128 + 128, factorWidth: 128 },
  ]);
});

test("small batches exchange factors, large ones send gradients round", (t) => {
  const formsAt = (batch: number, ...hidden: number[]) =>
    chooseSums(layersOfMlp(...hidden), batch, TWO, EXACT, MEASURED).map(({ form }) => form);
  t.deepEqual(formsAt(64, 128), ["exchange", "exchange"]);
  t.deepEqual(formsAt(8192, 512), ["ordered", "ordered"]);
});

test("an exchange costs what the factors take to come and what all samples take to be summed", (t) => {
  const [layer] = layersOfMlp(128).slice(1);
  const [{ estimatedUs }] = chooseSums([layer], 64, TWO, ["exchange"], MEASURED);
  t.is(estimatedUs.exchange, Math.round(50 + (4 * 128 * 32) / 1000 + (2 * layer.elements * 64) / 100_000));
});

test("one chunk through two processes costs both sums and the way there and back", (t) => {
  const [layer] = layersOfMlp(128).slice(1);
  const slow = { ...MEASURED, latencyUs: 1e6 };
  const [{ chunks, estimatedUs }] = chooseSums([layer], 64, TWO, ["ordered"], slow);
  const expected = (2 * layer.elements * 64) / 100_000 + 2 * (1e6 + (4 * layer.elements) / 1000) + 1e6;
  t.deepEqual([chunks, estimatedUs.ordered], [1, Math.round(expected)]);
});

test("the faster messages are, the more chunks there are, and each parameter is cut alike", (t) => {
  const layers = layersOfMlp(2048, 2048);
  const chunksAt = (latencyUs: number) =>
    chooseSums(layers, 512, TWO, ["ordered"], { ...MEASURED, latencyUs }).map(({ chunks }) => chunks);
  const [slow, fast] = [chunksAt(2000), chunksAt(5)];
  t.true(slow.every((chunks, layer) => chunks <= fast[layer]) && slow[1] < fast[1], `${slow}, ${fast}`);
  const choices = chooseSums(layers, 512, TWO, ["ordered"], MEASURED);
  const plan = sumPlanOf(choices);
  const weight = { name: "linear2.weight" } as Parameters<typeof plan.formOf>[0];
  t.is(plan.formOf(weight), "ordered");
  t.is(plan.chunkBytesOf(weight), Math.ceil((4 * choices[1].elements) / choices[1].chunks));
});

test("which forms are open is a matter of numerics", (t) => {
  t.deepEqual(formsOf({}, false), ["exchange"]);
  t.deepEqual(formsOf({}, true), ["exchange", "ordered"]);
  t.deepEqual(formsOf({ allreduce: "ordered" }, true), ["ordered"]);
  t.true(formsOf({ numerics: "fast" }, true).includes("ring"));
  t.deepEqual(formsOf({ numerics: "fast", allreduce: "naive" }, true), ["naive"]);
});
