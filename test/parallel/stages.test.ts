import test from "ava";
import fc from "fast-check";
import { InputError } from "../../src/base/errors.ts";
import { cutIntoStages } from "../../src/parallel/stages.ts";

/** Every cut of `count` layers into stages, earlier borders first. */
function* everyCut(count: number, stages: number, begin = 0): Generator<number[]> {
  if (stages === 1) yield [begin, count];
  else
    for (let end = begin + 1; end <= count - (stages - 1); end++)
      for (const rest of everyCut(count, stages - 1, end)) yield [begin, ...rest];
}

const largestOf = (costs: readonly number[], borders: readonly number[]) =>
  Math.max(
    ...borders.slice(1).map((end, stage) => costs.slice(borders[stage], end).reduce((a, b) => a + b, 0)),
  );

/** The slow twin: the first of all cuts that has the least largest stage. */
function firstOfBest(costs: readonly number[], stages: number): number[] {
  let best: number[] | undefined;
  for (const cut of everyCut(costs.length, stages))
    if (!best || largestOf(costs, cut) < largestOf(costs, best)) best = cut;
  return best as number[];
}

test("the cut is the earliest of those whose largest stage is the least, among all there are", (t) => {
  fc.assert(
    fc.property(
      fc
        .array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1000 })), {
          minLength: 1,
          maxLength: 11,
        })
        .chain((costs) => fc.tuple(fc.constant(costs), fc.integer({ min: 1, max: costs.length }))),
      ([costs, stages]) => {
        t.deepEqual(cutIntoStages(costs, stages), firstOfBest(costs, stages));
      },
    ),
    { numRuns: 500 },
  );
});

test("some cuts, as pictures", (t) => {
  const draw = (costs: readonly number[], stages: number) => {
    const borders = cutIntoStages(costs, stages);
    return borders
      .slice(1)
      .map((end, stage) => costs.slice(borders[stage], end).join(" "))
      .join(" | ");
  };
  t.is(draw([4, 1, 1, 3, 2, 5], 3), "4 1 | 1 3 2 | 5");
  t.is(draw([1, 1, 1, 1, 1], 2), "1 1 | 1 1 1");
  t.is(draw([9, 1, 1, 1], 2), "9 | 1 1 1");
  t.is(draw([1, 1, 1, 9], 3), "1 | 1 1 | 9");
  t.is(draw([0, 0, 0], 2), "0 | 0 0");
  t.is(draw([7], 1), "7");
  t.is(draw([3, 1, 2], 3), "3 | 1 | 2");
});

test("more stages than layers are refused, with both numbers and what would do", (t) => {
  const error = t.throws(() => cutIntoStages([1, 2, 3], 4), { instanceOf: InputError });
  t.is(error.code, "too-many-stages");
  t.is(error.message, "a pipeline of 4 stages needs 4 layers, and the model has 3");
  t.is(error.fix, "use at most 3 stages, or a model of more layers");
});

test("no stages, half a stage and costs that are none are refused", (t) => {
  for (const stages of [0, -1, 1.5, Number.NaN])
    t.throws(() => cutIntoStages([1], stages), { instanceOf: InputError, code: "bad-stages" });
  for (const cost of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => cutIntoStages([1, cost], 2), {
      instanceOf: InputError,
      message: `layer 1 cannot cost ${cost}`,
    });
});
