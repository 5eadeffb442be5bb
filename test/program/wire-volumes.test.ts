/** How many bytes each parallelism of a three-layer perceptron sends in a step, and of what: the figures of ARCHITECTURE.md. */
import test from "ava";
import { mlp } from "../../src/nn/models.ts";
import { pieceBytes } from "../../src/program/piece-places.ts";
import { synthetic } from "../synthetic.ts";
import { processesInTurn } from "./processes-in-turn.ts";

/** Samples of a step, and widths of the hidden layers and of the logits. */
const B = 48;
const [H1, H2, C] = [64, 32, 10];
const data = synthetic(96, 10, 20, C);

/** Bytes that each of the processes, of one rank each, sends in a step, to all others together. */
function sentBy(layout: {
  slices?: number;
  gangs?: number;
  ranks: number;
  activation?: "relu" | "gelu";
  pairs?: boolean;
}): number[] {
  const { slices = 1, gangs = 1, ranks, activation = "relu", pairs } = layout;
  const pipeline = { gangs, slices, microBatches: 4, schedule: "1f1b" as const, pairs };
  const model = mlp([H1, H2], activation);
  const jobs = processesInTurn({ model, data, batch: B, pipeline }, Array(ranks).fill(1));
  const [
    {
      layout: { transfers },
      world,
    },
  ] = jobs;
  return jobs.map((_, self) =>
    transfers
      .filter(({ sender }) => sender === self)
      .flatMap(({ pieces, receivers }) =>
        pieces.map((piece) => receivers.length * pieceBytes(piece, world, self, B)),
      )
      .reduce((sum, bytes) => sum + bytes, 0),
  );
}

const LOSSES = 4 * B;

test("a border of stages carries the activations forward, their gradient back, and the losses to all", (t) => {
  // Layers 1 | 2 3, by their cost, and one each.
  t.deepEqual(sentBy({ gangs: 2, ranks: 2 }), [4 * B * H1, 4 * B * H1 + LOSSES]);
  t.deepEqual(sentBy({ gangs: 3, ranks: 3 }), [4 * B * H1, 4 * B * (H1 + H2), 4 * B * H2 + 2 * LOSSES]);
});

test("an activation whose gradient is a function of its input carries the input, too", (t) => {
  t.deepEqual(sentBy({ gangs: 2, ranks: 2, activation: "gelu" }), [2 * 4 * B * H1, 4 * B * H1 + LOSSES]);
});

test("slices send their columns of what every layer makes, forward, and of the gradients of what they read, back", (t) => {
  const forward = H1 + H2;
  const back = H1 + H2;
  const half = (4 * B * (forward + back)) / 2;
  t.deepEqual(sentBy({ slices: 2, ranks: 2 }), [half, half]);
});

test("a layer of fewer than sixteen columns a slice is made whole by every slice, and not sent", (t) => {
  const all = sentBy({ slices: 3, ranks: 3 }).reduce((sum, bytes) => sum + bytes);
  t.is(all, 2 * 4 * B * (H1 + H1));
});

test("a pair of layers sends its partial sums, and the next layer's gradient of what it reads, by columns", (t) => {
  const all = 4 * B * (H2 + H2 / 2);
  t.deepEqual(sentBy({ slices: 2, ranks: 2, pairs: true }), [all, all]);
  // The gradient has fewer than 16 columns a slice then.
  t.deepEqual(sentBy({ slices: 4, ranks: 4, pairs: true }), Array(4).fill(3 * 4 * B * H2));
});

test("replicas send their rows of all that gradients of weights are made of, and of the losses", (t) => {
  const factors = H1 + H2 + (H1 + H2 + C);
  const half = (4 * B * factors + LOSSES) / 2;
  t.deepEqual(sentBy({ ranks: 2 }), [half, half]);
});
