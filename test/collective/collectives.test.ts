import test from "ava";
import type { ActionList } from "../../src/collective/action.ts";
import { barrier } from "../../src/collective/barrier.ts";
import { broadcast } from "../../src/collective/broadcast.ts";
import { chunkOf, segmentsOf } from "../../src/collective/chunk.ts";
import { gather } from "../../src/collective/gather.ts";
import { ringAllgather, ringReduceScatter } from "../../src/collective/ring.ts";
import { countsOf, roughInputs, run, SIZES, specifiedSum } from "./group.ts";
import { breaches } from "./validate.ts";

const SEGMENT = 3;
const listsFor = (size: number, list: (member: number) => ActionList) =>
  Array.from({ length: size }, (_, i) => list(i));

function everywhere(check: (size: number, count: number, inputs: number[][]) => void): void {
  for (const size of SIZES)
    for (const count of countsOf(size)) check(size, count, roughInputs(size, count, size));
}

test("a reduce-scatter leaves each member the sum of its own chunk", (t) => {
  everywhere((size, count, inputs) => {
    const lists = listsFor(size, (member) => ringReduceScatter(member, size, count, SEGMENT));
    t.deepEqual(breaches(lists, count), []);
    const outputs = run(lists, inputs, count, 1);
    for (const [member, output] of outputs.entries()) {
      const { first, count: many } = chunkOf(count, size, member);
      for (let index = first; index < first + many; index++) {
        const values = inputs.map((input) => input[index]);
        t.is(output[index], specifiedSum("ring", values, index, count), `${size}, ${count}`);
      }
    }
  });
});

/** Chunk i of member i, for all i. */
const gathered = (size: number, count: number, inputs: number[][]) =>
  inputs.flatMap((input, member) => {
    const { first, count: many } = chunkOf(count, size, member);
    return input.slice(first, first + many);
  });

test("an allgather leaves all members every member's own chunk", (t) => {
  everywhere((size, count, inputs) => {
    const lists = listsFor(size, (member) => ringAllgather(member, size, count, SEGMENT));
    t.deepEqual(breaches(lists, count), []);
    for (const output of run(lists, inputs, count, 0)) t.deepEqual(output, gathered(size, count, inputs));
  });
});

test("a gather leaves the root every member's chunk, and the others what they had", (t) => {
  everywhere((size, count, inputs) => {
    const root = count % size;
    const lists = listsFor(size, (member) => gather(member, size, count, SEGMENT, root));
    t.deepEqual(breaches(lists, count), []);
    for (const [member, output] of run(lists, inputs, count, 0).entries())
      t.deepEqual(output, member === root ? gathered(size, count, inputs) : inputs[member]);
  });
});

test("a broadcast leaves all members the root's buffer, whoever is the root", (t) => {
  everywhere((size, count, inputs) => {
    for (const root of [0, 1, size - 1]) {
      const lists = listsFor(size, (member) => broadcast(member, size, count, SEGMENT, root));
      t.deepEqual(breaches(lists, count), []);
      for (const output of run(lists, inputs, count, 0)) t.deepEqual(output, inputs[root]);
    }
  });
});

test("nobody leaves a barrier before the last one has come", (t) => {
  for (const size of SIZES)
    for (const late of [0, 1, size - 1]) {
      const lists = listsFor(size, (member) => barrier(member, size));
      t.deepEqual(breaches(lists, 0), []);
      run(lists, roughInputs(size, 0, 1), size, 0);
      // The late one does nothing at all: nobody else gets to the end.
      const message = t.throws(() =>
        run(
          lists.map((list, member) => (member === late ? { actions: [], scratchCount: 0 } : list)),
          roughInputs(size, 0, 1),
          size,
          3,
        ),
      )?.message;
      const others = [...lists.keys()].filter((member) => member !== late);
      t.is(message, `members ${others.join(", ")} wait for ever`);
    }
});

test("chunks and segments lie end to end", (t) => {
  for (const size of [1, ...SIZES])
    for (const count of [...countsOf(size), 1000 * size + 13]) {
      const chunks = Array.from({ length: size }, (_, i) => chunkOf(count, size, i));
      let end = 0;
      for (const { first, count: many } of chunks.flatMap((chunk) => segmentsOf(chunk, 7))) {
        t.is(first, end);
        t.true(many > 0 && many <= 7);
        end = first + many;
      }
      t.is(end, count);
    }
});
