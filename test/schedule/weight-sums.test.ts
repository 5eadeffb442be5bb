import test from "ava";
import fc from "fast-check";
import type { ActionKind, Schedule } from "../../src/schedule/action.ts";
import { partsOf } from "../../src/schedule/dependencies.ts";
import { buildSchedule, type ScheduleName } from "../../src/schedule/schedules.ts";
import { simulate } from "../../src/schedule/simulate.ts";
import { summedSince } from "../../src/schedule/weight-sums.ts";
import { anySchedule } from "./any-schedule.ts";

const built = (name: ScheduleName, pipelineRanks: number, microBatches: number) =>
  buildSchedule(name, { pipelineRanks, stagesPerRank: 1, microBatches });

/** "W0 W1 │ W2": the bar is where a call ends. */
function draw(name: ScheduleName, pipelineRanks: number, microBatches: number): string {
  const calls = summedSince(built(name, pipelineRanks, microBatches)).flatMap((since, last) =>
    since === null ? [] : [Array.from({ length: last - since + 1 }, (_, index) => `W${since + index}`)],
  );
  return calls.map((call) => call.join(" ")).join(" │ ");
}

test("a call makes the sums of four micro-batches, and the last one those that are left", (t) => {
  t.is(draw("1f1b", 2, 8), "W0 W1 W2 W3 │ W4 W5 W6 W7");
  t.is(draw("gpipe", 4, 9), "W0 W1 W2 W3 │ W4 W5 W6 W7 │ W8");
  t.is(draw("interleaved", 2, 3), "W0 W1 W2");
});

test("zero-bubble's last p micro-batches have calls of their own, the first of which makes what is left before", (t) => {
  t.is(draw("zero-bubble", 2, 8), "W0 W1 W2 W3 │ W4 W5 W6 │ W7");
  t.is(draw("zero-bubble", 3, 8), "W0 W1 W2 W3 │ W4 W5 │ W6 │ W7");
  t.is(draw("zero-bubble", 4, 8), "W0 W1 W2 W3 │ W4 │ W5 │ W6 │ W7");
  t.is(draw("zero-bubble", 4, 3), "W0 │ W1 │ W2");
});

test("every micro-batch is summed by one call, in ascending order, and no call sums more than four", (t) => {
  fc.assert(
    fc.property(anySchedule(), ({ schedule }) => {
      const summed = summedSince(schedule).flatMap((since, last) => {
        if (since === null) return [];
        t.true(last - since < 4);
        return Array.from({ length: last - since + 1 }, (_, index) => since + index);
      });
      t.deepEqual(
        summed,
        Array.from({ length: schedule.microBatches }, (_, microBatch) => microBatch),
      );
    }),
  );
});

/**
 * What a step takes whose stages all cost the same, as ranks execute it: of a backward, the input gradient is
 * handed on first.
 */
function makespan(schedule: Schedule, costs: readonly number[], since: readonly (number | null)[]): number {
  const [forward, input, weight] = costs;
  const durationOf = (kind: ActionKind, _: number, microBatch: number) => {
    if (kind !== "weight-gradient") return kind === "forward" ? forward : input;
    const first = since[microBatch];
    return first === null ? 0 : weight * (microBatch - first + 1);
  };
  const actions = schedule.actions.map((list) => list.flatMap(partsOf));
  return simulate({ ...schedule, actions }, { durationOf, transferOf: () => 0 }).makespan;
}

test("where stages cost the same, a step of zero-bubble takes no longer than its formula says, from m = p on", (t) => {
  const cost = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 0, max: 20 }),
      fc.tuple(cost, cost, cost),
      (p, more, costs) => {
        const schedule = built("zero-bubble", p, p + more);
        const [f, x, w] = costs;
        const least = (p + more) * (f + x + w) + (p - 1) * (f + x - Math.min(f, x, w));
        t.true(makespan(schedule, costs, summedSince(schedule)) <= least);
      },
    ),
  );
});

test("with four micro-batches a call to the end, zero-bubble would wait as long as 1f1b does, whose input gradients go ahead", (t) => {
  const fours = [null, null, null, 0, null, null, null, 4];
  const stepOf = (name: ScheduleName) => makespan(built(name, 2, 8), [1, 1, 1], fours);
  t.is(stepOf("1f1b"), 26);
  t.is(stepOf("zero-bubble"), 26);
  t.is(makespan(built("zero-bubble", 2, 8), [1, 1, 1], summedSince(built("zero-bubble", 2, 8))), 25);
});
