import test from "ava";
import fc from "fast-check";
import { ALLREDUCE_NAMES } from "../../src/collective/algorithms.ts";
import { allreduceLists, countsOf, randomOf, roughInputs, run, SIZES, specifiedSum } from "./group.ts";
import { simulate } from "./simulate.ts";
import { breaches } from "./validate.ts";

for (const name of ALLREDUCE_NAMES) {
  test(`${name}: every list keeps the rules, for 2 to 17 members and lengths at which things break`, (t) => {
    for (const size of SIZES)
      for (const count of countsOf(size))
        for (const segment of [Math.ceil((count + 1) / 3), 1000])
          t.deepEqual(breaches(allreduceLists(name, size, count, segment), count), [], `${size}, ${count}`);
  });

  test(`${name}: every member's elements are the sum of each member's, once, whatever overtakes what`, (t) => {
    for (const size of SIZES)
      for (const count of countsOf(size))
        for (const window of [0, 3]) {
          // A digit of 64 for each member: who is summed twice, or not at all, shows in it.
          const buffers = Array.from({ length: size }, (_, member) =>
            Array.from({ length: count }, () => 64n ** BigInt(member)),
          );
          const lists = allreduceLists(name, size, count, Math.ceil((count + 1) / 2));
          simulate({ lists, buffers, add: (a, b) => a + b, random: randomOf(size + count), window });
          const all = (64n ** BigInt(size) - 1n) / 63n;
          t.true(
            buffers.every((buffer) => buffer.every((element) => element === all)),
            `${size}, ${count}`,
          );
          t.true(buffers.every(({ length }) => length === count));
        }
  });

  test(`${name}: replicas have the same bits, those of the order that its file tells`, (t) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 17 }),
        fc.integer({ min: 0, max: 80 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer(),
        (size, count, pieces, window, seed) => {
          const inputs = roughInputs(size, count, seed);
          const outputs = run(
            allreduceLists(name, size, count, Math.ceil((count + 1) / pieces)),
            inputs,
            seed,
            window,
          );
          const expected = Array.from({ length: count }, (_, index) =>
            specifiedSum(
              name,
              inputs.map((input) => input[index]),
              index,
              count,
            ),
          );
          for (const output of outputs) t.deepEqual(output, expected);
        },
      ),
      { numRuns: 50 },
    );
  });
}

test("long buffers are cut at cache lines, and still summed once", (t) => {
  for (const name of ALLREDUCE_NAMES)
    for (const size of [2, 3, 5]) {
      const count = 1000 * size + 7;
      const inputs = Array.from({ length: size }, (_, member) =>
        Array.from({ length: count }, (_, i) => 3 ** member * ((i % 5) + 1)),
      );
      const expected = inputs[0].map((_, i) => inputs.reduce((sum, input) => sum + input[i], 0));
      const lists = allreduceLists(name, size, count, 400);
      t.deepEqual(breaches(lists, count), []);
      for (const output of run(lists, inputs, size, 2)) t.deepEqual(output, expected, `${name}, ${size}`);
    }
});
