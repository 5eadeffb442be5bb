import test from "ava";
import fc from "fast-check";
import { LockstepError } from "../../src/base/errors.ts";
import type { ActionKind } from "../../src/schedule/action.ts";
import { buildSchedule, type ScheduleName } from "../../src/schedule/schedules.ts";
import { type ScheduleCosts, simulate } from "../../src/schedule/simulate.ts";
import { anySchedule, withList } from "./any-schedule.ts";

/** Every stage alike: forward, input gradient, weight gradient; a backward is both. */
function alike(forward: number, input: number, weight: number, transfer = 0): ScheduleCosts {
  const durations: Record<ActionKind, number> = {
    forward,
    backward: input + weight,
    "input-gradient": input,
    "weight-gradient": weight,
  };
  return { durationOf: (kind) => durations[kind], transferOf: () => transfer };
}

const simulated = (
  name: ScheduleName,
  pipelineRanks: number,
  microBatches: number,
  costs: ScheduleCosts,
  stagesPerRank = 1,
) => simulate(buildSchedule(name, { pipelineRanks, stagesPerRank, microBatches }), costs);

function* sizes() {
  for (let p = 1; p <= 8; p++) for (let m = 1; m <= 20; m++) yield [p, m];
}

test("where stages cost the same, every rank of gpipe and of 1f1b waits (p − 1) / (m + p − 1) of the step", (t) => {
  for (const [p, m] of sizes())
    for (const name of ["gpipe", "1f1b"] as const) {
      const { makespan, bubbles } = simulated(name, p, m, alike(1, 1, 1));
      t.is(makespan, 3 * (m + p - 1), `${name}, ${p}, ${m}`);
      for (const bubble of bubbles) t.true(Math.abs(bubble - (p - 1) / (m + p - 1)) < 1e-12);
    }
});

test("interleaved waits a v-th of it, for any m from p on", (t) => {
  for (const [p, m] of sizes())
    for (const v of [2, 3])
      for (const [forward, input, weight] of [
        [1, 1, 1],
        [3, 2, 2],
        [1, 3, 2],
      ]) {
        const { makespan, bubbles } = simulated("interleaved", p, m, alike(forward, input, weight), v);
        const turns = m >= p ? v * m + p - 1 : v * p + m - 1;
        t.is(makespan, turns * (forward + input + weight), `${p}, ${m}, ${v}`);
        for (const bubble of bubbles) t.true(Math.abs(bubble - (1 - (v * m) / turns)) < 1e-12);
      }
});

test("zero-bubble waits (p − 1)(f + x − min(f, x, w)), from m = p on", (t) => {
  for (const [p, m] of sizes())
    for (const f of [1, 2, 4])
      for (const x of [1, 2, 3])
        for (const w of [1, 2, 5]) {
          const { makespan, bubbles } = simulated("zero-bubble", p, m, alike(f, x, w));
          const waits = (p - 1) * (f + x - Math.min(f, x, w));
          if (m >= p) {
            t.is(makespan, m * (f + x + w) + waits, `${p}, ${m}, ${f}, ${x}, ${w}`);
            for (const bubble of bubbles) t.true(Math.abs(bubble - waits / makespan) < 1e-12);
          } else t.true(makespan <= (m + p - 1) * (f + x + w), `${p}, ${m}, ${f}, ${x}, ${w}`);
        }
});

test("a transfer that all wait for lengthens the step: gpipe's by p − 1 each way, 1f1b's more, with more micro-batches", (t) => {
  const later = (name: ScheduleName, m: number) =>
    simulated(name, 3, m, alike(1, 1, 1, 0.5)).makespan - simulated(name, 3, m, alike(1, 1, 1)).makespan;
  t.is(later("gpipe", 6), 2);
  t.is(later("gpipe", 12), 2);
  t.true(later("1f1b", 12) > later("1f1b", 6) && later("1f1b", 6) > 2);
});

test("a transfer is as long as between its two stages, and none is between stages of one rank", (t) => {
  const costs: ScheduleCosts = { durationOf: () => 1, transferOf: (from, to) => 10 * from + to };
  const [first, second] = simulated("1f1b", 2, 1, costs).timed;
  t.deepEqual(
    [first, second].map((list) => list.map(({ start, end }) => [start, end])),
    [
      [
        [0, 1],
        [14, 15],
      ],
      [
        [2, 3],
        [3, 4],
      ],
    ],
  );
  t.is(simulated("interleaved", 1, 1, { ...costs, durationOf: (_, stage) => stage + 1 }, 3).makespan, 12);
});

test("micro-batches may cost different things", (t) => {
  const costs: ScheduleCosts = { durationOf: (_, __, microBatch) => microBatch + 1, transferOf: () => 0 };
  t.is(simulated("gpipe", 1, 3, costs).makespan, 2 * (1 + 2 + 3));
});

test("each action begins as soon as its rank is free and what it needs is there, with any costs", (t) => {
  const costOf = fc.func(fc.integer({ min: 0, max: 9 }));
  fc.assert(
    fc.property(anySchedule(5, 8), costOf, costOf, ({ schedule }, duration, transfer) => {
      const { stages, pipelineRanks } = schedule;
      const { timed, makespan, bubbles } = simulate(schedule, {
        durationOf: (kind, stage) => duration(kind, stage),
        transferOf: (from, to) => transfer(from, to),
      });
      const all = timed.flat();
      const endOf = (letters: readonly ActionKind[], stage: number, microBatch: number) =>
        all.find(
          ({ action }) =>
            letters.includes(action.kind) && action.stage === stage && action.microBatch === microBatch,
        )!.end;
      const lag = (from: number, to: number) =>
        from % pipelineRanks === to % pipelineRanks ? 0 : transfer(from, to);
      const input: ActionKind[] = ["backward", "input-gradient"];
      for (const list of timed)
        for (const [i, { action, start, end }] of list.entries()) {
          const { kind, stage: s, microBatch: j } = action;
          const waits = [i > 0 ? list[i - 1].end : 0];
          if (kind === "forward" && s > 0) waits.push(endOf(["forward"], s - 1, j) + lag(s - 1, s));
          if (kind === "weight-gradient") waits.push(endOf(["input-gradient"], s, j));
          if (input.includes(kind)) waits.push(endOf(["forward"], s, j));
          if (input.includes(kind) && s < stages - 1) waits.push(endOf(input, s + 1, j) + lag(s + 1, s));
          t.is(start, Math.max(...waits));
          t.is(end - start, duration(kind, s));
        }
      t.is(makespan, Math.max(...all.map(({ end }) => end)));
      t.true(bubbles.every((bubble) => bubble >= 0 && bubble <= 1));
    }),
  );
});

test("a schedule that is stuck has no time: an error names the rank, its action and what it waits for", (t) => {
  const schedule = buildSchedule("gpipe", { pipelineRanks: 2, stagesPerRank: 1, microBatches: 1 });
  const error = t.throws(() => simulate(withList(schedule, 0, []), alike(1, 1, 1)), {
    instanceOf: LockstepError,
  });
  t.is(error.code, "bad-schedule");
  t.is(error.message, "rank 1: F0 of stage 1 waits for F0 of stage 0, but rank 0 ends without it");
});
