import test from "ava";
import { mlp } from "../../src/nn/models.ts";
import { trainingGraph } from "../../src/nn/step.ts";
import { chooseSums, formsOf, layersOf, type Measured, sumPlanOf } from "../../src/plan/gradients.ts";
import type { SumForm } from "../../src/program/chunks.ts";

const layersOfMlp = (...hidden: number[]) =>
  layersOf(
    trainingGraph(mlp(hidden, "relu"), { width: 784, classes: 10, count: 100 }, "sgd", false).graph.nodes,
  );

const MEASURED: Measured = { latencyUs: 50, bytesPerUs: 1000, flopsPerUs: 100_000, sharesCores: true };
const EXACT: readonly SumForm[] = ["exchange", "sharded", "ordered"];
const TWO = { self: 0, ranks: [1, 1] };

test("the layers of a perceptron are its weights with their biases, the last first; the images are nobody's to send", (t) => {
  t.deepEqual(layersOfMlp(128), [
    {
      parameters: ["linear2.bias", "linear2.weight"],
      elements: 1290,
      factorWidth: 128 + 10,
      sharedWidth: 10,
    },
    {
      parameters: ["linear1.bias", "linear1.weight"],
      elements: 784 * 128 + 128,
      factorWidth: 128,
      sharedWidth: 128,
    },
  ]);
});

test("small layers exchange factors, large ones make shards of them, and very large batches send gradients round", (t) => {
  const formsAt = (batch: number, ...hidden: number[]) =>
    chooseSums(layersOfMlp(...hidden), batch, TWO, EXACT, MEASURED).map(({ form }) => form);
  t.deepEqual(formsAt(64, 128), ["exchange", "exchange"]);
  t.deepEqual(formsAt(512, 2048, 2048).slice(1), ["sharded", "sharded"]);
  t.deepEqual(formsAt(65_536, 512, 512).slice(0, 2), ["ordered", "ordered"]);
});

test("an exchange costs what the factors take to come and what all samples take to be summed", (t) => {
  const [layer] = layersOfMlp(128).slice(1);
  const [{ estimatedUs }] = chooseSums([layer], 64, TWO, ["exchange"], MEASURED);
  const sumsUs = (2 * layer.elements * 64) / 100_000 + (4 * 128 * 64) / 8000;
  t.is(estimatedUs.exchange, Math.round(50 + (4 * 128 * 32) / 1000 + sumsUs));
});

test("one chunk through two processes costs both sums and the way there and back", (t) => {
  const [layer] = layersOfMlp(128).slice(1);
  const slow = { ...MEASURED, latencyUs: 1e6 };
  const [{ chunks, estimatedUs }] = chooseSums([layer], 64, TWO, ["ordered"], slow);
  const wayUs = 1e6 + (4 * layer.elements) / 1000;
  const expected = (2 * layer.elements * 64) / 100_000 + 2 * wayUs + 1e6 + (4 * 128 * 32) / 8000;
  t.deepEqual([chunks, estimatedUs.ordered], [1, Math.round(expected)]);
});

test("a shard each costs the factors' way, its part of the sums, and the way of the other's", (t) => {
  const [layer] = layersOfMlp(128).slice(1);
  const slow = { ...MEASURED, latencyUs: 1e6 };
  const [{ chunks, estimatedUs }] = chooseSums([layer], 64, TWO, ["sharded"], slow);
  const factorsUs = 1e6 + (4 * 128 * 32) / 1000;
  const shardUs = (2 * layer.elements * 32) / 100_000 + (4 * 128 * 64) / 8000;
  const expected = factorsUs + shardUs + (2 * layer.elements) / 1000 + 1e6;
  t.deepEqual([chunks, estimatedUs.sharded], [2, Math.round(expected)]);
});

test("every rank makes as many shards, and several only where bytes move beside sums", (t) => {
  const layers = layersOfMlp(2048, 2048).slice(1);
  const chunksOf = (ranks: number[], sharesCores: boolean) =>
    chooseSums(layers, 512, { self: 0, ranks }, ["sharded"], { ...MEASURED, sharesCores }).map(
      ({ chunks }) => chunks,
    );
  t.deepEqual(chunksOf([1, 1], true), [2, 2]);
  t.deepEqual(chunksOf([3, 1], true), [4, 4]);
  t.true(chunksOf([1, 1], false).every((chunks) => chunks > 2 && chunks % 2 === 0));
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
  t.deepEqual(formsOf({}, true), ["exchange", "sharded", "ordered"]);
  t.deepEqual(formsOf({ allreduce: "ordered" }, true), ["ordered"]);
  t.true(formsOf({ numerics: "fast" }, true).includes("ring"));
  t.deepEqual(formsOf({ numerics: "fast", allreduce: "naive" }, true), ["naive"]);
});
