/** The issue's own job: 300 steps of 784-128-10 on MNIST, one answer on any number of ranks and on any Node. */
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import { openDataset } from "../../src/data/catalogue.ts";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";

const data = openDataset("mnist");

async function hash(ranks: number, changes: Partial<Settings>): Promise<string | null> {
  const settings = { batch: 32, lr: 0.1, seed: 1, maxSteps: 300, ranks, ...changes };
  return (await train({ model: mlp([128], "relu"), data, settings })).weightsSha256;
}

const fusedTest = compileKernels("auto").fma ? test.serial : test.serial.skip;

fusedTest(
  "300 steps on MNIST leave these bits on 1, 2, 3, 4 and 7 ranks, with fused multiply-adds",
  async (t) => {
    for (const ranks of [1, 2, 3, 4, 7])
      t.is(await hash(ranks, {}), "890bc6d8a470410bc0f2eb4eecd83d9d10f059eeb59a30b2586d34de44f1e583");
  },
);

test.serial(
  "300 steps on MNIST leave these bits on 1, 2, 3, 4 and 7 ranks, with plain multiply-adds",
  async (t) => {
    for (const ranks of [1, 2, 3, 4, 7])
      t.is(
        await hash(ranks, { fma: "off" }),
        "51e87ef02dd68a49f8a97296d2badc14e0d61b66a33528b84ce243a489739b45",
      );
  },
);
