import test from "ava";
import { ALLREDUCES, listsOf } from "../../src/collective/algorithms.ts";
import { barrier } from "../../src/collective/barrier.ts";
import { durationUs, rankAlgorithms } from "../../src/collective/choose.ts";

const LINK = { latencyUs: 40, messageUs: 10, bytesPerUs: 1000, sumBytesPerUs: 20_000 };
const FREE_SUMS = { ...LINK, sumBytesPerUs: Number.POSITIVE_INFINITY };

test("a ring takes the time of its formula, 2 (P − 1) (α + n/P/β), where sums cost nothing", (t) => {
  for (const size of [2, 3, 4, 8]) {
    const count = 16 * 1024 * size;
    const lists = listsOf(ALLREDUCES.ring, size, count, count);
    const expected = 2 * (size - 1) * (40 + 10 + (4 * count) / size / 1000);
    t.true(Math.abs(durationUs(lists, FREE_SUMS) / expected - 1) < 1e-9, `${size}`);
  }
});

test("recursive doubling takes log₂ P rounds of whole buffers", (t) => {
  for (const size of [2, 4, 16]) {
    const lists = listsOf(ALLREDUCES["recursive-doubling"], size, 1000, 1000);
    const expected = Math.log2(size) * (40 + 10 + 4);
    t.true(Math.abs(durationUs(lists, FREE_SUMS) / expected - 1) < 1e-9, `${size}`);
  }
});

test("a barrier takes its rounds' latencies", (t) => {
  const lists = Array.from({ length: 5 }, (_, member) => barrier(member, 5));
  t.is(durationUs(lists, LINK), 3 * 50);
});

test("segments let sums overlap transfers: the ring gains by them until messages cost too much", (t) => {
  const us = (segment: number) => durationUs(listsOf(ALLREDUCES.ring, 2, 2 ** 20, segment), LINK);
  t.true(us(2 ** 17) < us(2 ** 19) && us(2 ** 17) < us(2 ** 9));
});

test("short buffers go by few rounds, long ones by few bytes", (t) => {
  const best = (size: number, count: number) => rankAlgorithms(size, count, 65536, LINK)[0].algorithm;
  t.true(["recursive-doubling", "naive"].includes(best(8, 64)), best(8, 64));
  t.true(["ring", "halving-doubling"].includes(best(8, 2 ** 20)), best(8, 2 ** 20));
  const order = rankAlgorithms(4, 2 ** 20, 65536, LINK).map(({ algorithm }) => algorithm);
  t.is(order.length, 5);
  t.true(order.indexOf("ring") < order.indexOf("parameter-server"));
});
