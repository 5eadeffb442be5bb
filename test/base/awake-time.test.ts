/** Time for who waits. */
import test from "ava";
import { AwakeTime } from "../../src/base/awake-time.ts";

test("time passes as the clock says, however late one looks", (t) => {
  const time = new AwakeTime(100);
  t.deepEqual(
    [1100, 2350, 2350, 4350].map((nowMs) => time.passedMs(nowMs)),
    [1000, 1250, 0, 2000],
  );
});

test("of a time in which nobody looked only the first two seconds count", (t) => {
  const time = new AwakeTime(0);
  t.deepEqual(
    [60_000, 61_000].map((nowMs) => time.passedMs(nowMs)),
    [2000, 1000],
  );
});
