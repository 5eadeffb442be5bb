/** Long work of the main thread lets others have their turn. */
import test from "ava";
import { atOnce, type Sliced } from "../../src/base/slices.ts";
import { inSlices } from "../../src/job/in-slices.ts";

test("between two slices timers run and promises are kept; the result is that of the work at once", async (t) => {
  let beats = 0;
  function* work(): Sliced<number> {
    for (let slice = 0; slice < 4; slice++) {
      const end = performance.now() + 20;
      while (performance.now() < end);
      yield;
    }
    return 7;
  }
  const timer = setInterval(() => beats++, 1);
  t.is(atOnce(work()), 7);
  t.is(beats, 0);
  t.is(await inSlices(work()), 7);
  clearInterval(timer);
  t.true(beats >= 3, `${beats} beats`);
});
