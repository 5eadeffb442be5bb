/** What a small run comes to, as literals: a change of any bit anywhere on the way shows here (issue: ten losses). */
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";

const data = synthetic(100, 20);

/** Ten steps; the fifth of each epoch is short. */
const BASE = {
  hidden: [24],
  activation: "relu",
  batch: 22,
  maxSteps: 10,
  lr: 0.1,
  seed: 1,
  ranks: 1,
} as const;

async function run(settings: Partial<Settings>): Promise<{ losses: number[]; hash: string | null }> {
  const all = { ...BASE, ...settings };
  const losses: number[] = [];
  const observer = { losses: (_first: number, some: readonly number[]) => void losses.push(...some) };
  const result = await train({ model: mlp(all.hidden, all.activation), data, settings: all, observer });
  return { losses, hash: result.weightsSha256 };
}

/** Everything here is of one FMA class; a machine without fused multiply-adds has only the plain one. */
const fusedTest = compileKernels("auto").fma ? test : test.skip;

fusedTest("ten losses of a small run are these numbers, with fused multiply-adds", async (t) => {
  t.deepEqual(
    (await run({})).losses,
    [
      2.317075106230649, 2.3081359917467292, 2.3270129398866133, 2.252425117926164, 2.4042198061943054,
      2.319900534369729, 2.302377614107999, 2.265577424656261, 2.3147199912504717, 2.281842509905497,
    ],
  );
});

test("ten losses of a small run are these numbers, with plain multiply-adds", async (t) => {
  t.deepEqual(
    (await run({ fma: "off" })).losses,
    [
      2.317075095393441, 2.3081359917467292, 2.3270129507238213, 2.252425128763372, 2.4042198061943054,
      2.319900545206937, 2.302377624945207, 2.265577424656261, 2.3147200020876797, 2.2818424900372825,
    ],
  );
});

/** Hash of the weights after ten steps: fused, plain. */
const HASHES: [name: string, settings: Partial<Settings>, fused: string, plain: string][] = [
  [
    "SGD and relu",
    {},
    "0da6c4d8bcb2b7be9a13d588eade2a9b107d005beaa5ac9a12113de9080d256f",
    "56697ac2c86ecef9e9c38b909b2f9dd2a530e89bbcdf0f190fafba1bba638992",
  ],
  [
    "SGD and sigmoid",
    { activation: "sigmoid" },
    "982af2f0bc5901dc46ecb7672d3713ce56499660c41f0a47baf5aeba04fd0d05",
    "883d83d8fa8472183f5cedeeb5a58d2303edf54cd76aaab21f53f7a478e67940",
  ],
  [
    "SGD and tanh",
    { activation: "tanh" },
    "80d08763ebf5d41a61ac27ec7b8aeed6cf08d81e7d8edad6c3c9f1d7e477e0cf",
    "58d649f15c7894260943724b719e11c690f1f5dbfa7caf08e9d5727a2a9501ef",
  ],
  [
    "SGD and gelu",
    { activation: "gelu" },
    "de3caaae7b43a18c1f8103410c4d163eb840a77b01d7fd6bd0b961ac154a735c",
    "a5fd4cb935157ce9ea85ba8af52a6bd0a9706747cc943c48144e51ba50ed2994",
  ],
  [
    "momentum",
    { optimizer: "momentum" },
    "bf2ce1508a1048b707a8debfdd442272b2552ca34eabbed6f7e4cb5ce9300d48",
    "4c1a3faadefeb797610f91c661967d720621d42909bd4f18d942fca47e775ba1",
  ],
  [
    "Adam",
    { optimizer: "adam", lr: 0.001 },
    "425a9165deba6b7e8050c7ca2a3e5567173d9368296be16e4e5917ec9773cdee",
    "7c927ace43bc22bcbb28c58cd3867363d4f05e0f0e4970d5871783a75f99654b",
  ],
  [
    "Adam with weight decay",
    { optimizer: "adam", lr: 0.001, weightDecay: 0.01 },
    "ec8e8b6b4d4b348843e25df1b2e6ba47ceccf38a8aa7e0c80f5e8a257484deaa",
    "6c3c427878191739fe98e3e204558c438ccfd3ef6ea2b029a0ab3f4edc84ef85",
  ],
  [
    "clipping by the global norm",
    { clipNorm: 0.1 },
    "41e112ca78e08563380e2eebc8e4816ea5f7febc0b88148907b2680e02f01d47",
    "9952919498016dd63db904deeb97ef7a1e010600b5ea70fe13029d13a74e1cfa",
  ],
  [
    "two hidden layers of odd widths",
    { hidden: [37, 53] },
    "6832ba0100d4920e38cd9da8fce6b9c2719bbceef7c8d081b25d999e99950f03",
    "2914ae401523c2021a81b6f467a433f42ec55299cbf37e169dbee810d05b44c8",
  ],
  [
    "no hidden layer",
    { hidden: [] },
    "f8f7f5b66ae1766cbb1672a31498f859cb58aebae6a5986551faa721fe1ffd59",
    "55e0c346ccb3de7dc77d28fdb0c5c227934dd2f29fa1f4b77a9d1150870ceab3",
  ],
];

for (const [name, settings, fused, plain] of HASHES) {
  fusedTest(
    `the weights after ten steps with ${name} are these bits, with fused multiply-adds`,
    async (t) => {
      t.is((await run(settings)).hash, fused);
    },
  );
  test(`the weights after ten steps with ${name} are these bits, with plain multiply-adds`, async (t) => {
    t.is((await run({ ...settings, fma: "off" })).hash, plain);
  });
}
