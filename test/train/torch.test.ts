/** PyTorch as the twin of the whole trainer: the same weights to begin with, the same data, then its losses. */
import test from "ava";
import { defaultSettings, type Settings } from "../../src/base/config.ts";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { readSafetensors } from "../../src/checkpoint/read.ts";
import type { NamedTensor } from "../../src/checkpoint/tensor.ts";
import { openDataset } from "../../src/data/catalogue.ts";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { OPTIMIZER_STATES } from "../../src/nn/optimizers.ts";
import { train } from "../../src/train.ts";

/** Written by bench/peers/torch_fixture.py; AVA runs in the folder of package.json. */
const fixture = readSafetensors("test/fixtures/torch.safetensors");
const torchLosses: Record<string, number[]> = JSON.parse(fixture.metadata.losses);
const data = openDataset("mnist");

/** PyTorch's weights as a checkpoint of step 0, the optimizer's memory empty. */
function beginning(settings: Settings): Checkpoint {
  const states = [...fixture.tensors.values()].flatMap(({ name, shape, data }): NamedTensor[] =>
    OPTIMIZER_STATES[settings.optimizer].map((part) => ({
      name: `${name}.${part}`,
      shape,
      data: new Float32Array(data.length),
    })),
  );
  const tensors = new Map([...fixture.tensors, ...states.map((state) => [state.name, state] as const)]);
  const { seed, shuffle, batch, optimizer } = settings;
  return {
    path: "test/fixtures/torch.safetensors",
    tensors,
    state: {
      ...{ step: 0, epoch: 0, stepInEpoch: 0, epochLoss: 0, epochSeconds: 0, epochs: [] },
      ...{ seed, shuffle, batch, optimizer, samples: data.train.count, products: [1, 1] },
      ...{ summation: "chain", fma: compileKernels("auto").fma, kernelDigest: "", settings: {} },
      ...{ modelSha256: null, dataSha256: null },
    },
  };
}

/** The first twenty losses on MNIST in file order. */
async function losses(changes: Partial<Settings>): Promise<number[]> {
  const settings: Settings = {
    ...defaultSettings(changes.optimizer ?? "sgd", 2),
    ...{ hidden: [32], batch: 16, maxSteps: 20, shuffle: false },
    ...changes,
  };
  const found: number[] = [];
  await train({
    model: mlp(settings.hidden, settings.activation),
    data,
    settings,
    resume: beginning(settings),
    observer: { losses: (_first, some) => void found.push(...some) },
  });
  return found;
}

const cases: [name: string, settings: Partial<Settings>][] = [
  ["relu", {}],
  ["sigmoid", { activation: "sigmoid" }],
  ["tanh", { activation: "tanh" }],
  ["gelu", { activation: "gelu" }],
  ["momentum", { optimizer: "momentum" }],
  ["momentum with weight decay", { optimizer: "momentum", weightDecay: 0.01 }],
  ["Adam", { optimizer: "adam" }],
  ["Adam with weight decay", { optimizer: "adam", weightDecay: 0.01 }],
  ["clipping to 1", { clipNorm: 1 }],
];

const furthest = (ours: number[], theirs: number[]) =>
  Math.max(...theirs.map((loss, step) => Math.abs(loss - ours[step])));

for (const [name, settings] of cases)
  test.serial(`the first twenty losses with ${name} are PyTorch's within 1e-5`, async (t) => {
    t.is(torchLosses[name].length, 20);
    t.true(furthest(await losses(settings), torchLosses[name]) < 1e-5);
  });

test.serial("a learning rate that is wrong by a thousandth is further from PyTorch than 1e-5", async (t) => {
  t.true(furthest(await losses({ lr: 0.1001 }), torchLosses.relu) > 1e-5);
});

test("the cases are all of the fixture's", (t) => {
  t.deepEqual(cases.map(([name]) => name).sort(), Object.keys(torchLosses).sort());
});
