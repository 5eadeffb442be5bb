/** What a program may give wrongly: each refused by name before anything is started, with the way out. */
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { evaluate } from "../../src/evaluate.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { add, linear, relu } from "../../src/nn/layers.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";

const data = synthetic(203, 50);

interface Job {
  readonly settings?: Partial<Settings>;
  readonly model?: Model;
  readonly data?: Dataset;
}

/** Each job, the code of the error, and what its message must say. */
const REFUSED: [name: string, job: Job, code: string, message: RegExp][] = [
  [
    "a batch larger than the data set",
    { settings: { batch: 204 } },
    "batch-too-large",
    /^a batch of 204 is larger than the 203 training samples of synthetic$/,
  ],
  [
    "more ranks than samples in a batch",
    { settings: { ranks: 9, batch: 8 } },
    "too-many-ranks",
    /^9 ranks cannot share a batch of 8/,
  ],
  [
    "a layer of 1e12 units",
    { model: mlp([1e12], "relu") },
    "too-much-memory",
    /^this job needs 5\d\d\.\d TiB of memory .*linear1\.weight \[20,1000000000000\] alone is 72\.8 TiB.*at most 4\.0 GiB.* has \d+\.\d [MG]iB free$/,
  ],
  [
    "two layers whose product no number holds exactly",
    { model: mlp([9e15, 9e15], "relu") },
    "too-much-memory",
    /linear2\.weight .* alone is \d+\.\d EiB/,
  ],
  [
    "a batch whose activations are too much",
    { model: mlp([1e8], "relu"), settings: { batch: 200 } },
    "too-much-memory",
    /; the result of matmul \[200,100000000\] alone is 74\.5 GiB, linear1\.weight \[20,100000000\] alone is 7\.5 GiB\. /,
  ],
  [
    "a model that returns nothing",
    { model: (() => {}) as unknown as Model },
    "bad-model",
    /^the model returned no tensor/,
  ],
  [
    "a model that returns a number",
    { model: (() => 10) as unknown as Model },
    "bad-model",
    /^the model returned no tensor/,
  ],
  [
    "a model of the wrong width",
    { model: (x) => linear(x, 7) },
    "bad-model",
    /^the model returned \[batch,7\], the data set needs \[batch,10\]$/,
  ],
  [
    "a model without parameters",
    { model: (x) => relu(x), data: synthetic(203, 50, 10, 10) },
    "bad-model",
    /^the model has no parameters/,
  ],
  [
    "a model that does not use one of its layers",
    {
      model: (x, classes) => {
        linear(x, 5);
        return linear(x, classes);
      },
    },
    "unused-parameter",
    /^the loss does not depend on linear1\.weight/,
  ],
  [
    "a layer without units",
    { model: (x, classes) => linear(linear(x, 0), classes) },
    "bad-units",
    / 0 units$/,
  ],
  [
    "two parameters of one name",
    {
      model(x, classes) {
        for (const extent of [3, 4]) x.graph.parameter("mine", "scale", [extent], { constant: 1 });
        return linear(x, classes);
      },
    },
    "duplicate-parameter",
    /^two parameters are named mine\.scale$/,
  ],
  [
    "a sum of tensors of different widths",
    { model: (x, classes) => linear(add(linear(x, 4), linear(x, 3)), classes) },
    "shape-mismatch",
    /^a sum was given \[batch,4\] and \[batch,3\]$/,
  ],
];

for (const [name, { settings, model = mlp([16], "relu"), ...job }, code, message] of REFUSED)
  test(`${name} is refused by name`, async (t) => {
    const error = await t.throwsAsync(train({ model, data, settings: { ranks: 2, ...settings }, ...job }));
    t.like(error, { name: "InputError", code });
    t.regex(String(error?.message), message);
  });

test("a tensor of another model is refused", async (t) => {
  let earlier: Tensor | undefined;
  const model: Model = (x, classes) => {
    const mixed = earlier ? add(x, earlier) : x;
    earlier = x;
    return linear(mixed, classes);
  };
  await t.throwsAsync(train({ model, data }), {
    code: "foreign-tensor",
    message: /given a tensor of another model$/,
  });
});

test("a model function that builds another model at each call is refused", async (t) => {
  let calls = 0;
  const model: Model = (x, classes) => linear(linear(x, 5 + calls++), classes);
  await t.throwsAsync(train({ model, data }), {
    code: "bad-model",
    message:
      "the model function made linear1.weight [20,5] at its first call, and linear1.weight [20,6] at its second",
  });
});

test("a model function of the same layers that does another thing with them at each call is refused", async (t) => {
  const twice = (first: Model, second: Model): Model => {
    let calls = 0;
    return (x, classes) => (calls++ === 0 ? first : second)(x, classes);
  };
  const [narrow, wide] = [mlp([6, 6], "relu"), mlp([6, 6], "tanh")];
  const skipping: Model = (x, classes) => {
    const y = relu(linear(x, 6));
    return linear(add(y, relu(linear(y, 6))), classes);
  };
  const doubling: Model = (x, classes) => {
    const y = relu(linear(x, 6));
    const z = relu(linear(y, 6));
    return linear(add(z, z), classes);
  };
  const found = async (first: Model, second: Model) =>
    (await t.throwsAsync(train({ model: twice(first, second), data }), { code: "bad-model" }))?.message;
  const said = (one: string, other: string) =>
    `the model function made ${one} at its first call, and ${other} at its second`;
  t.is(await found(narrow, wide), said("relu", "tanh"));
  t.regex(
    String(await found(skipping, doubling)),
    /made (\w+) at its first call, and another \1 at its second$/,
  );
  t.is(await found(narrow, (x, classes) => relu(narrow(x, classes))), said("crossEntropy", "relu"));
});

test("a tensor that an earlier call of the model function returned is refused as what it is", async (t) => {
  let kept: Tensor | undefined;
  const model: Model = (x, classes) => {
    kept ??= linear(x, classes);
    return kept;
  };
  await t.throwsAsync(train({ model, data }), {
    code: "foreign-tensor",
    message: "the model returned a tensor of another model",
  });
});

test("what a model function throws is told as the model's, with its place in the user's file", async (t) => {
  const throwing = (thrown: unknown) => () => {
    throw thrown;
  };
  for (const [model, message] of [
    [throwing(new Error("mine")), /^the model function threw Error: mine \(fit\.test\.[jt]s:\d+:\d+\)$/],
    [
      (_: Tensor, classes: number) => linear(3 as unknown as Tensor, classes),
      /^the model function threw TypeError: .* \(fit\.test\.[jt]s:\d+:\d+\)$/,
    ],
    [class {}, /^the model function threw TypeError: Class constructor.* cannot be invoked without 'new'$/],
    [throwing(undefined), /^the model function threw undefined$/],
    [throwing("words"), /^the model function threw "words"$/],
    [throwing(Object.create(null)), /^the model function threw something that has no name$/],
    [() => Promise.reject(new Error("late")), /^the model function returned a promise$/],
    [undefined, /^the model is undefined, not a function$/],
    [null, /^the model is null, not a function$/],
    ["mlp", /^the model is string, not a function$/],
  ] as const) {
    const error = await t.throwsAsync(train({ model: model as unknown as Model, data }));
    t.is(error?.name, "InputError");
    t.regex(String(error?.message), message);
  }
  const mine = new Error("mine");
  t.is((await t.throwsAsync(train({ model: throwing(mine), data })))?.cause, mine);
});

test("what a data set throws comes through as it is", async (t) => {
  const mine = new Error("the disk is gone");
  const broken: Split = {
    ...data.train,
    readImages() {
      throw mine;
    },
  };
  t.is(await t.throwsAsync(train({ model: mlp([], "relu"), data: { ...data, train: broken } })), mine);
});

test("a label that is no class is refused by its place", async (t) => {
  for (const half of ["train", "test"] as const) {
    const split: Split = { ...data[half], readLabels: (into) => void into.fill(10, 17, 18) };
    await t.throwsAsync(train({ model: mlp([], "relu"), data: { ...data, [half]: split } }), {
      code: "label-out-of-range",
      message: /^label out of range: item 17 of the (training|test) half of synthetic has label 10/,
    });
  }
});

/** Settings, and the message about them. */
const SETTINGS: [settings: Record<string, unknown>, message: RegExp][] = [
  [{ batch: 0 }, /^settings\.batch: expected an integer of at least 1, found 0$/],
  [{ batch: -1 }, /^settings\.batch: .*found -1$/],
  [{ batch: 1.5 }, /^settings\.batch: .*found 1\.5$/],
  [{ batch: Number.NaN }, /^settings\.batch: .*found NaN$/],
  [{ batch: "32" }, /^settings\.batch: .*found "32"$/],
  [{ lr: Number.NaN }, /^settings\.lr: expected a number above 0 .*found NaN$/],
  [{ ranks: 0 }, /^settings\.ranks: expected an integer from 1 to 256, found 0$/],
  [{ ranks: -1 }, /^settings\.ranks: .*found -1$/],
  [{ ranks: 1.5 }, /^settings\.ranks: .*found 1\.5$/],
  [{ ranks: 10_000 }, /^settings\.ranks: .*found 10000$/],
  [{ epochs: 0 }, /^settings\.epochs: .*found 0$/],
  [{ maxSteps: 0 }, /^settings\.maxSteps: .*found 0$/],
  [{ optimizer: "lbfgs" }, /^settings\.optimizer: expected sgd, momentum or adam, found "lbfgs"$/],
  [{ clipNorm: 0 }, /^settings\.clipNorm: .*found 0$/],
  [{ weightDecay: -1 }, /^settings\.weightDecay: .*found -1$/],
  [{ collectiveTimeout: Number.NaN }, /^settings\.collectiveTimeout: .*found NaN$/],
  [{ shuffle: "no" }, /^settings\.shuffle: expected true or false, found "no"$/],
  [{ fma: "on" }, /^settings\.fma: expected auto or off, found "on"$/],
  [{ seed: -1 }, /^settings\.seed: .*found -1$/],
  [{ learningRate: 1 }, /^settings\.learningRate is not a setting$/],
  [{ batch: 0, lr: -1 }, /^2 settings are wrong:\n.*batch.*\n.*lr/],
];

for (const [settings, message] of SETTINGS)
  test(`settings ${JSON.stringify(settings)} (${Object.values(settings)}) are refused by name`, async (t) => {
    const error = await t.throwsAsync(train({ model: mlp([], "relu"), data, settings }));
    t.is(error?.name, "InputError");
    t.regex(String(error?.message), message);
  });

test("settings that are left undefined take their defaults", async (t) => {
  const settings = { maxSteps: 1, batch: undefined, ranks: undefined, layout: undefined };
  t.is((await train({ model: mlp([], "relu"), data, settings })).steps, 1);
});

test("an evaluation's settings are checked too", async (t) => {
  const checkpoint = { path: "none", tensors: new Map(), state: {} } as never;
  const settings = { ranks: 0 };
  await t.throwsAsync(evaluate({ model: mlp([], "relu"), data, checkpoint, settings }), {
    message: /^settings\.ranks: expected an integer from 1 to 256, found 0$/,
  });
});
