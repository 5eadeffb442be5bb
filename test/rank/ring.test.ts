import test from "ava";
import { fromRing } from "../../src/rank/ring.ts";

test("numbers come out in the order in which they were put in, also across the ring's end", (t) => {
  const ring = new Float64Array(5);
  for (let index = 0; index < 12; index++) ring[index % 5] = index;
  t.deepEqual(fromRing(ring, 7, 5), [7, 8, 9, 10, 11]);
  t.deepEqual(fromRing(ring, 8, 2), [8, 9]);
  t.deepEqual(fromRing(ring, 10, 2), [10, 11]);
  t.deepEqual(fromRing(ring, 9, 3), [9, 10, 11]);
  t.deepEqual(fromRing(ring, 9, 0), []);
});
