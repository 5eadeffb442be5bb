import test from "ava";
import { median, quantile, spreadOf } from "../../src/bench/statistics.ts";

test("a quantile lies between two values by straight line", (t) => {
  t.is(quantile([4, 1, 3, 2], 0.5), 2.5);
  t.is(quantile([5, 1, 3], 0.5), 3);
  t.is(quantile([0, 10], 0.95), 9.5);
  t.deepEqual([quantile([7], 0), quantile([7], 0.95), quantile([7], 1)], [7, 7, 7]);
});

test("nothing has no median", (t) => {
  t.is(median([]), Number.NaN);
});

test("a spread is the least, the middle and the value above which a twentieth lies", (t) => {
  const values = Array.from({ length: 101 }, (_, i) => 100 - i);
  t.deepEqual(spreadOf(values), { min: 0, median: 50, p95: 95 });
});
