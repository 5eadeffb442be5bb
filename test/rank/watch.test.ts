import test from "ava";
import { createMemory } from "../../src/kernels/memory.ts";
import { arrivalWord, beatWord, controlWords } from "../../src/rank/control.ts";
import { Watch } from "../../src/rank/watch.ts";

const LIMIT_MS = 1000;
const TICK_MS = 250;

/** Three ranks; `look` is that of a tick later, of whom `done` have nothing to do. */
function watched() {
  const words = controlWords(createMemory(65536), 0, 3);
  const watch = new Watch(words, 3, LIMIT_MS);
  const look = (...done: number[]) => watch.look(TICK_MS, (rank) => done.includes(rank));
  const beat = (...ranks: number[]) => {
    for (const rank of ranks) Atomics.add(words, beatWord(rank), 1);
  };
  return { words, look, beat };
}

test("a rank that gives no sign of life is named though others do, and not before the limit", (t) => {
  const { look, beat } = watched();
  const found = Array.from({ length: 6 }, () => {
    beat(0, 2);
    return look();
  });
  t.deepEqual(found, [null, null, null, null, 1, 1]);
});

test("of several the one that has been still longest is named", (t) => {
  const { look, beat } = watched();
  beat(0, 1);
  look();
  t.deepEqual([look(), look(), look(), look()], [null, null, null, 2]);
});

test("who waits at a barrier, or has nothing to do, is not named", (t) => {
  const { words, look } = watched();
  Atomics.store(words, arrivalWord(0), 1);
  const found = Array.from({ length: 5 }, () => look(2));
  t.deepEqual(found, [null, null, null, null, 1]);
});

test("who moves again has as much time as before", (t) => {
  const { look, beat } = watched();
  for (let tick = 0; tick < 4; tick++) look();
  beat(0, 1, 2);
  t.is(look(), null);
});
