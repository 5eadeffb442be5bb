/** Layouts of replicas, slices and stages in one process: whatever the grid and the schedule, the bits of one rank. */
import test from "ava";
import { formatLayout, ranksOfLayout, SCHEDULE_NAMES, type Settings } from "../../src/base/config.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";

/** Five micro-batches of ten, and a last batch of 3 samples, for which there are more ranks than rows. */
const BASE: Partial<Settings> = { hidden: [37, 53, 29], batch: 50, epochs: 2, activation: "relu" };
const data = synthetic(203, 50);

const GRIDS = [
  { dp: 2, tp: 1, pp: 1 },
  { dp: 1, tp: 2, pp: 1 },
  { dp: 1, tp: 1, pp: 2 },
  { dp: 2, tp: 2, pp: 1 },
  { dp: 2, tp: 1, pp: 2 },
  { dp: 1, tp: 2, pp: 2 },
  { dp: 2, tp: 2, pp: 2 },
  { dp: 3, tp: 1, pp: 2 },
  { dp: 1, tp: 3, pp: 1 },
  { dp: 4, tp: 3, pp: 1 },
  { dp: 1, tp: 1, pp: 4 },
] as const;

async function hashOf(settings: Partial<Settings>): Promise<string | null> {
  const all = { ...BASE, ...settings };
  const model = mlp(all.hidden ?? [], all.activation ?? "relu");
  return (await train({ model, data, settings: all })).weightsSha256;
}

const alone = new Map<string, Promise<string | null>>();
/** What one rank leaves. */
function expected(settings: Partial<Settings>): Promise<string | null> {
  const key = JSON.stringify(settings);
  const hash = alone.get(key) ?? hashOf({ ...settings, ranks: 1 });
  alone.set(key, hash);
  return hash;
}

const inStages = (settings: Partial<Settings>) => ({ ...settings, microBatches: 5 });

for (const layout of GRIDS)
  test(`${ranksOfLayout(layout)} ranks as ${formatLayout(layout)} leave the bits of one`, async (t) => {
    const settings = layout.pp > 1 ? inStages({ layout }) : { layout };
    t.is(await hashOf(settings), await expected({}));
    t.regex(String(await expected({})), /^[0-9a-f]{64}$/);
  });

const cases: [string, Partial<Settings>][] = [
  ["tanh", { activation: "tanh" }],
  ["gelu", { activation: "gelu" }],
  ["momentum", { optimizer: "momentum", weightDecay: 0.01 }],
  ["Adam", { optimizer: "adam", lr: 0.001 }],
  ["clipping by the global norm", { clipNorm: 1 }],
  ["plain multiply-adds", { fma: "off" }],
];

for (const [name, settings] of cases)
  test(`stages and gangs leave the bits of one rank with ${name}`, async (t) => {
    const layout = { dp: 2, tp: 1, pp: 2 };
    t.is(await hashOf(inStages({ ...settings, layout })), await expected(settings));
  });

for (const schedule of SCHEDULE_NAMES)
  for (const microBatches of [1, 3, 7])
    test(`${schedule} with ${microBatches} micro-batches leaves the bits of one rank`, async (t) => {
      for (const pp of [2, 3])
        t.is(await hashOf({ schedule, microBatches, layout: { dp: 1, tp: 1, pp } }), await expected({}));
    });

test("more stages than layers are refused, and told how many there can be", async (t) => {
  await t.throwsAsync(hashOf({ layout: { dp: 1, tp: 1, pp: 5 } }), {
    code: "too-many-stages",
    message: "the layout has 5 stages, the model has 4 layers with weights",
  });
});

test("more slices than a layer has units are refused, and the layer is named", async (t) => {
  await t.throwsAsync(hashOf({ hidden: [37, 5], layout: { dp: 1, tp: 6, pp: 1 } }), {
    code: "too-many-slices",
    message: "tp=6 cannot slice linear2.weight [37, 5]: it has 5 units",
  });
});

test("stages over several processes that are to add gradients are refused before any link is opened", async (t) => {
  const settings = { ...BASE, layout: { dp: 1, tp: 1, pp: 2 }, allreduce: "ordered" as const };
  const world = { self: 0, ranks: [1, 1], hosts: ["a", "b"], connect: () => t.fail() as never };
  await t.throwsAsync(train({ model: mlp([37], "relu"), data, settings, world }), {
    code: "no-allreduce",
    message: /^--allreduce ordered is for replicas alone/,
  });
});

/** Worlds that are not those of the settings, and what is said of them. */
const WORLDS: [ranks: number[], self: number, settings: Partial<Settings>, code: string, message: RegExp][] =
  [
    [
      [1, 1],
      0,
      { ranks: 3 },
      "layout-mismatch",
      /dp=3,tp=1,pp=1 has 3 ranks, the processes of world.ranks have 2$/,
    ],
    [
      [2, 1],
      0,
      { layout: { dp: 1, tp: 2, pp: 2 } },
      "layout-mismatch",
      /dp=1,tp=2,pp=2 has 4 ranks, .* have 3$/,
    ],
    [[1, 1], 2, {}, "bad-world", /^world\.self: expected one of 2 processes, found 2$/],
    [[1, 0], 0, {}, "bad-world", /^world\.ranks: expected how many ranks each process has, found \[1, 0\]$/],
    [[], 0, {}, "bad-world", /found \[\]$/],
  ];

for (const [ranks, self, settings, code, message] of WORLDS)
  test(`process ${self} of [${ranks}] with ${JSON.stringify(settings)} is refused before any link is opened`, async (t) => {
    const world = { self, ranks, hosts: ranks.map(() => "a"), connect: () => t.fail() as never };
    const error = await t.throwsAsync(train({ model: mlp([37], "relu"), data, settings, world }), {
      message,
    });
    t.like(error, { name: "InputError", code });
    t.regex(
      String((error as unknown as { fix: string }).fix),
      /^(?:for [23] use dp=[23],tp=1,pp=1|give an integer )/,
    );
  });

test("more micro-batches than samples of a batch are refused", async (t) => {
  await t.throwsAsync(hashOf({ microBatches: 51, layout: { dp: 1, tp: 1, pp: 2 } }), {
    code: "too-many-micro-batches",
    message: "a batch of 50 cannot be cut into 51 micro-batches: some would never have a sample",
  });
});
