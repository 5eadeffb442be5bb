import test from "ava";
import * as fc from "fast-check";
import { elementCount } from "../../src/graph/tensor.ts";
import { blockRows, partition } from "../../src/program/partition.ts";
import { phasesOf } from "./picture.ts";

test("a block of rows fills whole cache lines and whole tiles", (t) => {
  t.is(blockRows([784, 128]), 6);
  t.is(blockRows([128, 10]), 24);
  t.is(blockRows([128, 3]), 48);
  t.is(blockRows([128]), 16);
});

test("two ranks share the parameters of 784-128-10 at a cache line's border in the first weights", (t) => {
  const { phases } = phasesOf({ hidden: [128], samples: { width: 784, classes: 10, count: 100 } });
  t.deepEqual(Object.fromEntries(partition(phases.flat(), 64, 2)), {
    "linear2.bias": [
      { first: 0, count: 10 },
      { first: 10, count: 0 },
    ],
    "linear2.weight": [
      { first: 0, count: 0 },
      { first: 0, count: 128 },
    ],
    "linear1.bias": [
      { first: 0, count: 128 },
      { first: 128, count: 0 },
    ],
    "linear1.weight": [
      { first: 0, count: 390 },
      { first: 390, count: 394 },
    ],
  });
});

const layers = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 3 });

test("slices cover every parameter once, in rank order, and begin at cache lines", (t) => {
  fc.assert(
    fc.property(
      layers,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (hidden, batch, ranks) => {
        const { step, phases } = phasesOf({ hidden });
        const slices = partition(phases.flat(), batch, ranks);
        for (const { name, shape } of step.parameters) {
          const width = elementCount(shape.slice(1));
          let end = 0;
          for (const { first, count } of slices.get(name) ?? []) {
            t.is(first, end);
            t.true(count >= 0);
            t.true(count === 0 || (first * width) % 16 === 0);
            end = first + count;
          }
          t.is(end, Number(shape[0]));
        }
      },
    ),
    { numRuns: 60 },
  );
});
