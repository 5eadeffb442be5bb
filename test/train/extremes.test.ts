/** Models and data at the edges, each trained by one rank and by three: the same bits, and finite. */
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import { matmul } from "../../src/graph/ops/matmul.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { add, gelu, linear, relu, tanh } from "../../src/nn/layers.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";

interface Extreme {
  readonly model: Model;
  readonly width?: number;
  readonly classes?: number;
  readonly settings?: Partial<Settings>;
}

/** Weights of 6 × 6 that two products use, one after the other. */
const shared: Model = (x, classes) => {
  const weight = x.graph.parameter("shared", "weight", [6, 6], { uniform: 0.4 });
  const through = (h: Tensor) => tanh(x.graph.apply(matmul, [h, weight])[0]);
  return linear(through(through(linear(x, 6))), classes);
};

/** Layers of 8 that are each added to their input. */
const ladder =
  (layers: number): Model =>
  (x, classes) => {
    let h = linear(x, 8);
    for (let layer = 0; layer < layers; layer++) h = add(h, relu(linear(h, 8)));
    return linear(h, classes);
  };

const EXTREMES: [name: string, extreme: Extreme][] = [
  [
    "a row for every rank and none for most of the last batch",
    { model: mlp([7], "relu"), settings: { batch: 3 } },
  ],
  ["all samples in one batch", { model: mlp([7], "relu"), settings: { batch: 37 } }],
  ["one class", { model: mlp([7], "gelu"), classes: 1 }],
  ["samples of one byte", { model: mlp([7], "tanh"), width: 1 }],
  ["layers of one unit", { model: mlp([1, 1], "sigmoid"), width: 1, classes: 1 }],
  ["sixty layers", { model: mlp(Array(60).fill(16), "tanh") }],
  [
    "sixty layers with Adam and clipping",
    { model: mlp(Array(60).fill(16), "relu"), settings: { optimizer: "adam", lr: 0.001, clipNorm: 1 } },
  ],
  ["thirty residual layers", { model: ladder(30), settings: { lr: 0.001 } }],
  ["weights that two products share", { model: shared }],
  [
    "a value added to itself",
    {
      model: (x, classes) => {
        const h = linear(x, 9);
        const twice = add(h, h);
        return linear(gelu(add(twice, twice)), classes);
      },
    },
  ],
  [
    "logits added to themselves",
    {
      model: (x, classes) => {
        const z = linear(x, classes);
        return add(z, z);
      },
    },
  ],
  ["an activation at the end", { model: (x, classes) => relu(linear(x, classes)) }],
  [
    "no bias anywhere",
    { model: (x, classes) => linear(linear(x, 5, { bias: false }), classes, { bias: false }) },
  ],
];

for (const [name, { model, width = 20, classes = 10, settings }] of EXTREMES)
  test(`ranks do not change the bits of training with ${name}`, async (t) => {
    const data = synthetic(37, 11, width, classes);
    const run = (ranks: number) =>
      train({ model, data, settings: { batch: 16, epochs: 2, lr: 0.1, seed: 3, ranks, ...settings } });
    const [alone, three] = [await run(1), await run(3)];
    t.regex(alone.weightsSha256 ?? "", /^[0-9a-f]{64}$/);
    t.is(three.weightsSha256, alone.weightsSha256);
    t.deepEqual(
      three.epochs.map(({ trainLoss, testLoss }) => [trainLoss, testLoss]),
      alone.epochs.map(({ trainLoss, testLoss }) => [trainLoss, testLoss]),
    );
    t.true(
      alone.epochs.every(
        ({ trainLoss, testLoss }) => Number.isFinite(trainLoss) && Number.isFinite(testLoss),
      ),
    );
  });

test("a batch of one sample, of one byte and one class, is trained", async (t) => {
  const data = synthetic(5, 1, 1, 1);
  const settings = { batch: 1, epochs: 1, lr: 0.1, ranks: 1 };
  const { steps, epochs } = await train({ model: mlp([], "relu"), data, settings });
  t.is(steps, 5);
  t.is(epochs[0].trainLoss, 0);
  t.is(epochs[0].testAccuracy, 1);
});
