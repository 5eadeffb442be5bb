import test from "ava";
import fc from "fast-check";
import { epochOrder } from "../../src/data/sampler.ts";

function order(samples: number, seed: number, epoch: number, shuffle = true): number[] {
  const into = new Uint32Array(samples);
  epochOrder(into, seed, epoch, shuffle);
  return [...into];
}

test("every order is a permutation, the same when asked again", (t) => {
  const property = fc.property(fc.nat(300), fc.nat(), fc.nat(1000), (samples, seed, epoch) => {
    const first = order(samples, seed, epoch);
    t.deepEqual(first, order(samples, seed, epoch));
    t.deepEqual(
      first.toSorted((a, b) => a - b),
      [...Array(samples).keys()],
    );
  });
  t.notThrows(() => fc.assert(property, { numRuns: 100 }));
});

test("the first ten of 60,000 for seed 1, epoch 1 are these, on every machine", (t) => {
  t.deepEqual(
    order(60_000, 1, 1).slice(0, 10),
    [57445, 28669, 454, 57460, 30022, 7193, 45953, 6816, 18695, 1402],
  );
});

test("another epoch or another seed gives another order", (t) => {
  t.notDeepEqual(order(100, 1, 1), order(100, 1, 2));
  t.notDeepEqual(order(100, 1, 1), order(100, 2, 1));
  t.notDeepEqual(order(100, 1, 12), order(100, 11, 2));
});

test("without shuffling the order is the file's", (t) => {
  t.deepEqual(order(50, 1, 1, false), [...Array(50).keys()]);
});

test("all 24 orders of four samples are equally frequent", (t) => {
  const epochs = 12_000;
  const seen = new Map<string, number>();
  for (let epoch = 0; epoch < epochs; epoch++) {
    const key = order(4, 7, epoch).join();
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const expected = epochs / 24;
  let chiSquare = 0;
  for (const count of seen.values()) chiSquare += (count - expected) ** 2 / expected;
  t.is(seen.size, 24);
  t.true(chiSquare < 49.7, `χ² of 23 degrees is ${chiSquare}, beyond the 99.9 % point`);
});
