import test from "ava";
import { mostPosted, sumInside } from "../../src/bench/process-sum.ts";
import { ALLREDUCE_NAMES, ALLREDUCES, listsOf } from "../../src/collective/algorithms.ts";
import { groupOf, levelsOf } from "../../src/collective/group.ts";
import { roughInputs, run } from "../collective/group.ts";
import { hierarchical } from "../collective/hierarchical.ts";

/**
 * The sum of a process's inputs: rank 0 sums what it is posted at once, the others in turns, the last first;
 * and how often it was told of.
 */
function sumOf(inputs: readonly number[][]): { readonly sum: number[]; readonly told: number } {
  const count = inputs[0].length;
  const memory = new Float32Array(count * (inputs.length + 1));
  for (const [rank, input] of inputs.entries()) memory.set(input, count * (rank + 1));
  const posted: (() => void)[][] = inputs.map(() => []);
  const queues = posted.map((own, rank) => ({
    post: (to: number, left: number, right: number, many: number, summed: () => void) => {
      const add = () => {
        for (let i = 0; i < many; i++) memory[to / 4 + i] = memory[left / 4 + i] + memory[right / 4 + i];
        summed();
      };
      if (rank === 0) add();
      else own.push(add);
    },
  }));
  let told = 0;
  const places = inputs.map((_, rank) => 4 * count * (rank + 1));
  sumInside(queues, places, 0, count, () => told++);
  while (posted.some((own) => own.length > 0)) for (const own of posted.toReversed()) own.shift()?.();
  return { sum: [...memory.slice(0, count)], told };
}

for (const name of ALLREDUCE_NAMES)
  test(`slices that ranks sum in place, and ${name} among processes, have the bits of the list of all messages`, (t) => {
    for (const placing of [
      [0, 0, 1, 1],
      [0, 0, 0, 1],
      [0, 0, 1, 1, 2],
      [0, 0, 0, 1, 1, 1, 2, 2, 2],
    ])
      for (const count of [1, 2, 7, 64, 301]) {
        const levels = levelsOf(groupOf([...placing.keys()]), (rank) => placing[rank]);
        const inputs = roughInputs(placing.length, count, count);
        const lists = [...placing.keys()].map((rank) =>
          hierarchical(ALLREDUCES[name], levels, rank, count, 50),
        );
        const [expected] = run(lists, inputs, count, 1);
        const sums = levels.inside.map(({ members }) => {
          if (members.length === 1) return inputs[members[0]];
          const { sum, told } = sumOf(members.map((rank) => inputs[rank]));
          t.is(told, 1);
          return sum;
        });
        const between = listsOf(ALLREDUCES[name], sums.length, count, 50);
        for (const output of run(between, sums, count, 1)) t.deepEqual(output, expected);
      }
  });

test("a queue has room for all that a rank is posted, of buffers of any length", (t) => {
  for (const ranks of [2, 3, 4])
    for (const count of [1, 65536, 300_000, 2 ** 20 + 1]) {
      const posts = Array.from({ length: ranks }, () => 0);
      const queues = posts.map((_, rank) => ({ post: () => posts[rank]++ }));
      sumInside(queues, posts, 0, count, () => {});
      t.true(Math.max(...posts) <= mostPosted(ranks, count), `${ranks} ranks, ${count}: ${posts}`);
    }
});
