import test from "ava";
import { InputError } from "../../src/base/errors.ts";
import { parseShapes, SHAPE_SETS } from "../../src/bench/shapes.ts";

test("three sizes are one shape in all variants", (t) => {
  t.deepEqual(parseShapes("32, 128,784"), [
    { variant: "NN", m: 32, n: 128, k: 784 },
    { variant: "NT", m: 32, n: 128, k: 784 },
    { variant: "TN", m: 32, n: 128, k: 784 },
  ]);
  t.deepEqual(parseShapes("0,10,2147483647")[0], { variant: "NN", m: 0, n: 10, k: 2147483647 });
});

test("sets go by their names, alone or together", (t) => {
  t.is(parseShapes("square").length, 18);
  t.deepEqual(parseShapes("mlp,square"), [...SHAPE_SETS.mlp, ...SHAPE_SETS.square]);
  t.is(parseShapes("mlp,mlp").length, SHAPE_SETS.mlp.length);
});

for (const [text, said] of [
  ["-1,2,3", "M = -1"],
  ["1,2.5,3", "N = 2.5"],
  ["1,2,2147483648", "K = 2147483648"],
  ["1,2,1e99", "K = 1e99"],
  ["1,2", '"1,2"'],
  ["1,2,3,4", '"1,2,3,4"'],
  ["1,,3", '"1,,3"'],
  ["", '""'],
  ["squares,mlp", '"squares,mlp"'],
] as const) {
  test(`the shapes "${text}" are refused, and said to be ${said}`, (t) => {
    const error = t.throws(() => parseShapes(text), { instanceOf: InputError });
    t.is(error?.code, "bad-shape");
    t.true(error?.message.includes(said), error?.message);
  });
}

test("a misspelt set is told its right name", (t) => {
  t.is(t.throws(() => parseShapes("sqare"), { instanceOf: InputError })?.fix, "did you mean square?");
});
