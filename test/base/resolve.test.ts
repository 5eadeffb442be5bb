import test from "ava";
import { CONFIG_KEYS } from "../../src/base/config.ts";
import { InputError } from "../../src/base/errors.ts";
import { checkLayer, type Layer } from "../../src/base/layer.ts";
import { resolveSettings } from "../../src/base/resolve.ts";

const flags = (values: Record<string, unknown>): Layer => ({
  origin: "flag",
  values,
  name: (key) => `--${key}`,
});
const file = (values: Record<string, unknown>): Layer => ({
  origin: "file",
  values,
  name: (key) => `config.yaml:1:1: ${key}`,
});

function complaint(layer: Layer): string {
  try {
    checkLayer(layer);
  } catch (error) {
    if (error instanceof InputError) return `${error.code}: ${error.message} [${error.fix}]`;
    throw error;
  }
  return "no complaint";
}

test("without a file or flags the settings are the defaults, with a rank for each core", (t) => {
  const { settings, origins } = resolveSettings([], 6);
  t.like(settings, {
    dataset: "mnist",
    model: "mlp",
    activation: "relu",
    batch: 64,
    epochs: 5,
    seed: 1,
    lr: 0.1,
    shuffle: true,
  });
  t.deepEqual([settings.hidden, settings.ranks, settings.layout], [[128], 6, { dp: 6, tp: 1, pp: 1 }]);
  t.true(Object.values(origins).every((origin) => origin === "default"));
});

test("flags win over the file, the file wins over the defaults, and each value knows its origin", (t) => {
  const layers = [checkLayer(file({ batch: 32, epochs: 2 })), checkLayer(flags({ epochs: 3 }))];
  const { settings, origins } = resolveSettings(layers, 2);
  t.like(settings, { batch: 32, epochs: 3, seed: 1 });
  t.like(origins, { batch: "file", epochs: "flag", seed: "default" });
});

test("an absent key stays absent, so that a later layer does not undo an earlier one", (t) => {
  t.deepEqual(checkLayer(flags({})).values, {});
  const { settings } = resolveSettings(
    [checkLayer(file({ "max-steps": 7, hidden: "9" })), checkLayer(flags({ lr: 1 }))],
    2,
  );
  t.deepEqual([settings.maxSteps, settings.hidden], [7, [9]]);
});

test("adam's learning rate is 0.001 unless it is given", (t) => {
  t.is(resolveSettings([checkLayer(flags({ optimizer: "adam" }))], 1).settings.lr, 0.001);
  t.is(
    resolveSettings([checkLayer(file({ lr: 0.5 })), checkLayer(flags({ optimizer: "adam" }))], 1).settings.lr,
    0.5,
  );
});

test("hidden is a list, one width, text or none", (t) => {
  const hidden = (value: unknown) =>
    resolveSettings([checkLayer(file({ hidden: value }))], 1).settings.hidden;
  t.deepEqual(
    [hidden("128,64"), hidden([128, 64]), hidden(37), hidden("none"), hidden([])],
    [[128, 64], [128, 64], [37], [], []],
  );
  t.deepEqual(hidden("1e12"), [1e12]);
});

test("max-steps and clip-norm can be switched off again", (t) => {
  const layers = [
    checkLayer(file({ "max-steps": 9, "clip-norm": 1 })),
    checkLayer(flags({ "max-steps": "none", "clip-norm": "off" })),
  ];
  t.like(resolveSettings(layers, 1).settings, { maxSteps: null, clipNorm: null });
});

for (const [values, expected] of [
  [{ batch: 0 }, "--batch: expected an integer of at least 1, found 0"],
  [{ batch: -3 }, "--batch: expected an integer of at least 1, found -3"],
  [{ batch: 1.5 }, "--batch: expected an integer of at least 1, found 1.5"],
  [{ batch: Number.NaN }, "--batch: expected an integer of at least 1, found NaN"],
  [{ batch: "many" }, '--batch: expected an integer of at least 1, found "many"'],
  [{ batch: null }, "--batch: expected an integer of at least 1, found nothing"],
  [{ ranks: 0 }, "--ranks: expected an integer from 1 to 256, found 0"],
  [{ ranks: -1 }, "--ranks: expected an integer from 1 to 256, found -1"],
  [{ ranks: 10_000 }, "--ranks: expected an integer from 1 to 256, found 10000"],
  [{ seed: 2 ** 53 }, "--seed: expected an integer of at most 9007199254740991, found 9007199254740992"],
  [{ batch: Infinity }, "--batch: expected an integer of at most 9007199254740991, found Infinity"],
  [{ batch: 2 ** 53 + 2 }, "--batch: expected an integer of at most 9007199254740991, found 900719925474099"],
  [{ "max-steps": 1e300 }, "--max-steps: expected an integer of at most 9007199254740991, found 1e+300"],
  [{ hidden: [2 ** 60] }, "expected widths of at most 9007199254740991, such as 128,64, or none: item 1 is"],
  [{ lr: Number.NaN }, "--lr: expected a number above 0 (and within the range of f32), found NaN"],
  [{ lr: 0 }, "--lr: expected a number above 0 (and within the range of f32), found 0"],
  [{ lr: 1e39 }, "--lr: expected a number above 0 (and within the range of f32), found 1e+39"],
  [{ lr: 1e-60 }, "--lr: expected a number above 0 (and within the range of f32), found 1e-60"],
  [{ "clip-norm": 0 }, "--clip-norm: expected a number above 0 (and within the range of f32), found 0"],
  [{ "weight-decay": -1 }, "--weight-decay: expected a number of at least 0, found -1"],
  [{ "max-steps": 0 }, "--max-steps: expected an integer of at least 1, found 0"],
  [{ hidden: "128,,64" }, 'item 2 is empty, found "128,,64"'],
  [{ hidden: [128, 0] }, "item 2 is 0, found [128,0]"],
  [{ hidden: "128,x" }, 'item 2 is "x", found "128,x"'],
  [{ hidden: "" }, 'item 1 is empty, found ""'],
  [{ hidden: { a: 1 } }, 'such as 128,64, or none, found {"a":1}'],
  [{ activation: "rleu" }, 'expected relu, sigmoid, tanh or gelu, found "rleu" [did you mean relu?]'],
  [{ optimizer: "adm" }, 'expected sgd, momentum or adam, found "adm" [did you mean adam?]'],
  [{ allreduce: "ordred" }, 'found "ordred" [did you mean ordered?]'],
  [{ allreduce: "recursive-doublin" }, 'found "recursive-doublin" [did you mean recursive-doubling?]'],
  [{ fma: true }, "--fma: expected auto or off, found true"],
  [{ layout: "dp=0" }, "expected a layout such as dp=2,tp=1,pp=1"],
  [{ layout: "dp=2,zp=1" }, "expected a layout such as dp=2,tp=1,pp=1"],
  [{ layout: "pp=-1" }, "expected a layout such as dp=2,tp=1,pp=1"],
  [{ "micro-batches": 0 }, "--micro-batches: expected an integer of at least 1, found 0"],
  [{ schedule: "2f2b" }, "expected gpipe, 1f1b, interleaved or zero-bubble"],
  [{ layout: "dp=1,dp=2" }, "expected a layout such as dp=2,tp=1,pp=1"],
  [{ "trace-steps": "12" }, 'expected steps such as 100:120, at most 1000 of them, found "12"'],
  [{ "trace-steps": "0:5" }, "expected steps such as 100:120"],
  [{ "trace-steps": "7:5" }, "expected steps such as 100:120"],
  [{ "trace-steps": "1:1001" }, "at most 1000 of them"],
  [{ "btach-size": 1 }, "unknown-key: --btach-size is not a setting"],
  [{ "max-step": 1 }, "--max-step is not a setting [did you mean max-steps?]"],
  [{ __proto__x: 1 }, "--__proto__x is not a setting"],
  [{ constructor: 1 }, "--constructor is not a setting"],
] as const) {
  test(`${JSON.stringify(values, (_, v) => (typeof v === "number" ? String(v) : v))} is refused with its name, what was expected and what was found`, (t) => {
    t.true(complaint(flags(values)).includes(expected), complaint(flags(values)));
  });
}

for (const [values, name] of [
  [{ model: "resnet20" }, "--model resnet20 is not supported yet"],
  [{ dataset: "cifar10" }, "--dataset cifar10 is not supported yet"],
  [{ "on-nonfinite": "skip" }, "--on-nonfinite skip is not supported yet"],
  [{ layout: "auto" }, "--layout auto is not supported yet"],
] as const) {
  test(`${name}: it is refused by name`, (t) => {
    t.true(complaint(flags(values)).startsWith(`not-supported-yet: ${name}`), complaint(flags(values)));
  });
}

test("what is of a pipeline only waits in a file until there is one, and is refused as a flag beside none", (t) => {
  const resolved = (...layers: Layer[]) => resolveSettings(layers.map(checkLayer), 2).settings;
  const words = { schedule: "gpipe", "micro-batches": 4 };
  t.like(resolved(flags({ ...words, layout: "pp=2" })), { schedule: "gpipe", microBatches: 4, ranks: 2 });
  t.like(resolved(file(words), flags({ ranks: 3 })), { schedule: "gpipe", microBatches: 4, ranks: 3 });
  for (const [key, value] of Object.entries(words))
    t.throws(() => resolved(flags({ [key]: value, layout: "dp=2,tp=2" })), {
      code: "no-pipeline",
      message: `--${key} is for a pipeline, and the layout is dp=2,tp=2,pp=1`,
    });
});

test("every setting's example is one that it takes", (t) => {
  for (const key of CONFIG_KEYS) {
    const wrong = complaint(flags({ [key]: { wrong: 1 } }));
    const [, text] = new RegExp(`\\[give a value such as --${key} (.*)\\]`).exec(wrong) ?? [];
    t.truthy(text, wrong);
    const value = text === "true" ? true : Number.isNaN(Number(text)) ? text : Number(text);
    t.is(complaint(flags({ [key]: value })), "no complaint");
  }
});

test("several problems are told at once", (t) => {
  t.is(
    complaint(file({ batch: 0, leanring: 1 })),
    "bad-config: 2 settings are wrong:\n" +
      "  config.yaml:1:1: batch: expected an integer of at least 1, found 0 (give a value such as batch: 64)\n" +
      "  config.yaml:1:1: leanring is not a setting (remove it; `lockstep train --help` lists the settings) [correct each of them]",
  );
});

test("a layout sets the number of ranks, and disagrees with another number only in the same place", (t) => {
  const resolved = (...layers: Layer[]) => resolveSettings(layers.map(checkLayer), 2).settings;
  t.is(resolved(flags({ layout: "dp=5" })).ranks, 5);
  t.like(resolved(file({ layout: "dp=5" }), flags({ ranks: 3 })), {
    ranks: 3,
    layout: { dp: 3, tp: 1, pp: 1 },
  });
  t.is(resolved(flags({ layout: "dp=3,tp=1,pp=1", ranks: 3 })).ranks, 3);
  t.like(resolved(flags({ layout: "dp=2,tp=3,pp=4" })), { ranks: 24, layout: { dp: 2, tp: 3, pp: 4 } });
  t.throws(() => resolved(flags({ layout: "dp=5", ranks: 3 })), {
    message: "--layout dp=5,tp=1,pp=1 has 5 ranks, --ranks says 3",
  });
  t.like(
    t.throws(() => resolved(flags({ layout: "tp=2,pp=2", ranks: 6 }))),
    {
      fix: "for 6 use dp=3,tp=1,pp=2, or dp=3,tp=2,pp=1, or dp=6,tp=1,pp=1",
    },
  );
  t.throws(() => resolved(flags({ layout: "dp=300" })), {
    message: /at most 256 ranks, found dp=300,tp=1,pp=1/,
  });
});

test("widths are refused beside a model file, which has its own", (t) => {
  const model = { model: "./net.js" };
  t.notThrows(() => resolveSettings([checkLayer(flags(model))], 1));
  t.throws(() => resolveSettings([checkLayer(flags({ ...model, hidden: "3" }))], 1), {
    message: /--hidden is for --model mlp/,
  });
});

test("who names hosts, or a number of ranks, means it instead of what earlier layers named", (t) => {
  const hosts = file({ hosts: "a:2,b:2", "ranks-per-process": 1 });
  const onHosts = resolveSettings([checkLayer(file({ ranks: 7 })), checkLayer(hosts)], 3);
  t.like(onHosts.placement, { hosts: "a:2,b:2", hostfile: null, ranksPerProcess: 1, security: "auth" });
  t.deepEqual([onHosts.settings.ranks, onHosts.origins.ranks], [3, "default"]);
  const here = resolveSettings([checkLayer(hosts), checkLayer(flags({ ranks: 7 }))], 3);
  t.like(here.placement, { hosts: null, ranksPerProcess: 1 });
  t.is(here.settings.ranks, 7);
  const inFile = resolveSettings([checkLayer(hosts), checkLayer(flags({ hostfile: "/etc/mpi" }))], 3);
  t.like(inFile.placement, { hosts: null, hostfile: "/etc/mpi" });
});

test("hosts, a hostfile and a number of ranks are one thing said twice", (t) => {
  for (const [values, words] of [
    [{ hosts: "a", ranks: 2 }, /^--hosts and --ranks both say how many ranks there are$/],
    [{ hosts: "a", hostfile: "b" }, /^--hosts and --hostfile both say/],
    [{ hostfile: "b", ranks: 1 }, /^--hostfile and --ranks both say/],
  ] as const)
    t.throws(() => resolveSettings([checkLayer(flags(values))], 2), { code: "world-twice", message: words });
});

test("where and how is text in one line, and a mode is one of its words", (t) => {
  for (const values of [
    { ssh: "" },
    { ssh: " " },
    { ssh: "a\nb" },
    { "remote-dir": "/a\n/b" },
    { hosts: "a\u0000" },
  ])
    t.regex(complaint(flags(values)), /^bad-value: --[a-z-]+: expected .*found/);
  t.regex(complaint(flags({ security: "aut" })), /did you mean auth/);
});
