/** Which steps are traced where nobody says it, and what is refused. */
import test from "ava";
import { traceWindow } from "../../src/job/trace-window.ts";

for (const [what, before, steps, expected] of [
  ["a long run: ten steps after a hundred", 0, 5000, [101, 110]],
  ["a run of 110 steps: the last ten", 0, 110, [101, 110]],
  ["a short run: the last ten", 0, 50, [41, 50]],
  ["a very short run: all of it", 0, 4, [1, 4]],
  ["a resumed run: ten after a hundred of its own", 900, 5000, [1001, 1010]],
  ["a resumed run with few steps left: those", 900, 903, [901, 903]],
] as const)
  test(`by default ${what}`, (t) => {
    const { first, last } = traceWindow(undefined, before, steps);
    t.deepEqual([first, last], [...expected]);
  });

test("steps that the run does not take are refused, with those that it takes", (t) => {
  const asked = { first: 100, last: 120 };
  t.deepEqual(traceWindow(asked, 0, 110), asked);
  t.throws(() => traceWindow(asked, 0, 99), { code: "no-such-steps", message: /takes steps 1 to 99$/ });
  t.throws(() => traceWindow(asked, 120, 500), { code: "no-such-steps", message: /takes steps 121 to 500$/ });
});
