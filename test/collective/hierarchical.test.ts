import test from "ava";
import { ALLREDUCE_NAMES, ALLREDUCES } from "../../src/collective/algorithms.ts";
import { groupOf, type Levels, levelsOf } from "../../src/collective/group.ts";
import { countsOf, roughInputs, run, SIZES, specifiedSum } from "./group.ts";
import { hierarchical } from "./hierarchical.ts";
import { reduce } from "./reduce.ts";
import { breaches } from "./validate.ts";

/** How 2 to 9 members may sit in processes: the process of each. */
const PLACINGS = [
  ...[
    [0, 0],
    [0, 1],
    [0, 0, 0],
    [0, 0, 1],
    [0, 1, 0],
    [0, 0, 1, 1],
    [0, 1, 2, 0],
    [0, 0, 0, 1, 1],
  ],
  ...[
    [1, 0, 0, 2, 1],
    [0, 0, 0, 1, 2, 3],
    [0, 1, 2, 3, 0, 1, 2],
    [0, 0, 0, 0, 1, 1, 2, 2],
  ],
  ...[
    [0, 0, 1, 1, 2, 2, 3, 3, 4],
    [0, 0, 0, 1, 1, 1, 2, 2, 2],
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  ],
];

function everyPlacing(check: (levels: Levels, size: number, count: number) => void): void {
  for (const placing of PLACINGS) {
    const levels = levelsOf(groupOf([...placing.keys()]), (member) => placing[member]);
    for (const count of countsOf(placing.length)) check(levels, placing.length, count);
  }
}

const listsFor = (name: (typeof ALLREDUCE_NAMES)[number], levels: Levels, size: number, count: number) =>
  Array.from({ length: size }, (_, member) =>
    hierarchical(ALLREDUCES[name], levels, member, count, Math.ceil((count + 1) / 3)),
  );

for (const name of ALLREDUCE_NAMES)
  test(`${name} between processes of several members: replicas have the bits of the processes' sums, summed`, (t) => {
    everyPlacing((levels, size, count) => {
      const lists = listsFor(name, levels, size, count);
      t.deepEqual(breaches(lists, count), []);
      const inputs = roughInputs(size, count, size + count);
      const expected = Array.from({ length: count }, (_, index) => {
        const sums = levels.inside.map(({ members }) =>
          members.map((member) => inputs[member][index]).reduce((sum, each) => Math.fround(sum + each)),
        );
        return specifiedSum(name, sums, index, count);
      });
      for (const window of [0, 3])
        for (const output of run(lists, inputs, count, window)) t.deepEqual(output, expected);
    });
  });

test("between processes there is one member's traffic for each, whatever it is inside", (t) => {
  const placing = [0, 0, 0, 1, 1, 2];
  const levels = levelsOf(groupOf([...placing.keys()]), (member) => placing[member]);
  const count = 300;
  const lists = Array.from({ length: 6 }, (_, member) =>
    hierarchical(ALLREDUCES.ring, levels, member, count, 50),
  );
  const elements = (kept: (from: number, to: number) => boolean, from: number) =>
    lists[from].actions.reduce(
      (sum, action) => sum + (action.kind === "send" && kept(from, action.peer) ? action.count : 0),
      0,
    );
  const across = (from: number, to: number) => placing[from] !== placing[to];
  t.deepEqual(
    [0, 1, 2, 3, 4, 5].map((from) => elements(across, from)),
    [400, 0, 0, 400, 0, 400],
  );
});

test("a reduce leaves the root the sum in the order of members from the root on, and the others what they had", (t) => {
  for (const size of SIZES)
    for (const count of countsOf(size))
      for (const root of [0, size - 1]) {
        const lists = Array.from({ length: size }, (_, member) => reduce(member, size, count, 3, root));
        t.deepEqual(breaches(lists, count), []);
        const inputs = roughInputs(size, count, size);
        const inOrder = Array.from({ length: size }, (_, i) => inputs[(root + i) % size]);
        const sums = Array.from({ length: count }, (_, index) =>
          inOrder.map((input) => input[index]).reduce((sum, each) => Math.fround(sum + each)),
        );
        for (const [member, output] of run(lists, inputs, count, 1).entries())
          t.deepEqual(output, member === root ? sums : inputs[member]);
      }
});
