/** The ring of a rank's latest steps: which it keeps, and what it says of one that did not come to its end. */
import test from "ava";
import * as fc from "fast-check";
import { StepRing, type TraceWindow, WARM_STEPS } from "../../src/profile/step-ring.ts";

const INSTRUCTIONS = 3;

/** Takes steps `from` … `to`, of the last of them only `of` instructions. */
function taken(window: TraceWindow, from: number, to: number, of = INSTRUCTIONS): StepRing {
  const ring = StepRing.make(window, INSTRUCTIONS);
  const writer = StepRing.writing(ring.numbers, window, INSTRUCTIONS);
  for (let step = from; step <= to; step++)
    if (writer.begin(step)) for (let row = 0; row < (step === to ? of : INSTRUCTIONS); row++) writer.end(row);
  return ring;
}

const numbers = (ring: StepRing) => ring.steps().map(({ number }) => number);

test("of any run the ring keeps the last steps that the window has room for, and none after it", (t) => {
  const step = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(step, fc.integer({ min: 1, max: 12 }), step, step, (first, size, from, count) => {
      const window = { first, last: first + size - 1 };
      const to = from + count - 1;
      const recorded = Array.from({ length: count }, (_, index) => from + index).filter(
        (number) => number >= first - WARM_STEPS && number <= window.last,
      );
      t.deepEqual(numbers(taken(window, from, to)), recorded.slice(-size));
    }),
  );
  t.deepEqual(numbers(StepRing.make({ first: 1, last: 9 }, 2)), []);
});

test("a step that did not end says how far it came, also where an earlier lap wrote further", (t) => {
  const steps = taken({ first: 1, last: 2 }, 1, 2, 1).steps();
  t.deepEqual(
    steps.map(({ endsUs }) => endsUs.length),
    [3, 1],
  );
  const lapped = taken({ first: 100, last: 101 }, 1, 9, 1).steps();
  t.deepEqual(
    lapped.map(({ number, endsUs }) => [number, endsUs.length]),
    [
      [8, 3],
      [9, 1],
    ],
  );
});

test("times go up, on the clock of the host", (t) => {
  const hostUs = () => Number(process.hrtime.bigint()) / 1000;
  const before = hostUs();
  const ring = taken({ first: 1, last: 5 }, 1, 5);
  const after = hostUs();
  const times = ring.steps().flatMap(({ begunUs, endsUs }) => [begunUs, ...endsUs]);
  t.is(times.length, 5 * (INSTRUCTIONS + 1));
  t.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
  );
  // Half the shortest look at both clocks; on a machine that takes a thread away in between, more.
  t.true(times[0] > before - 1000 && times[times.length - 1] < after + 1000);
});
