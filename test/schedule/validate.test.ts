import test from "ava";
import fc from "fast-check";
import { SCHEDULE_NAMES } from "../../src/base/config.ts";
import { type Action, nameOf, type Schedule } from "../../src/schedule/action.ts";
import { buildSchedule, SCHEDULES, type ScheduleName } from "../../src/schedule/schedules.ts";
import { breaches } from "../../src/schedule/validate.ts";
import { anySchedule, withList } from "./any-schedule.ts";
import { isSound } from "./sound.ts";

/** Two numbers in 0 … 1, to choose a rank and a place in its list by. */
const PICK = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = <T>(list: readonly T[], share: number): T => list[Math.floor(share * list.length)];

for (const name of SCHEDULE_NAMES)
  test(`${name} keeps all rules, and as many activations as its formula says, up to 8 ranks, 20 micro-batches, 3 stages a rank`, (t) => {
    const most = SCHEDULES[name].interleaves ? 3 : 1;
    for (let pipelineRanks = 1; pipelineRanks <= 8; pipelineRanks++)
      for (let microBatches = 1; microBatches <= 20; microBatches++)
        for (let stagesPerRank = 1; stagesPerRank <= most; stagesPerRank++) {
          const shape = { pipelineRanks, microBatches, stagesPerRank };
          const kept = (rank: number) => SCHEDULES[name].highWaterOf(shape, rank);
          t.deepEqual(breaches(buildSchedule(name, shape), kept), [], JSON.stringify(shape));
        }
  });

test("a schedule without one of its actions is refused, and the rank and the action are named", (t) => {
  fc.assert(
    fc.property(anySchedule(), PICK, PICK, ({ schedule }, r, i) => {
      const rank = Math.floor(r * schedule.pipelineRanks);
      const action = at(schedule.actions[rank], i);
      const list = schedule.actions[rank].filter((each) => each !== action);
      const found = breaches(withList(schedule, rank, list));
      const name = nameOf(action.kind === "backward" ? { ...action, kind: "weight-gradient" } : action);
      t.true(found.includes(`rank ${rank}: ${name} is there 0 times, not once`), found.join("\n"));
    }),
  );
});

test("a schedule with an action more, wherever it is put, is refused, and the rank and the action are named", (t) => {
  fc.assert(
    fc.property(anySchedule(), PICK, PICK, PICK, ({ schedule }, r, i, k) => {
      const rank = Math.floor(r * schedule.pipelineRanks);
      const action = at(schedule.actions[rank], i);
      const list = schedule.actions[rank].toSpliced(Math.floor(k * schedule.actions[rank].length), 0, action);
      const found = breaches(withList(schedule, rank, list));
      const name = nameOf(action.kind === "backward" ? { ...action, kind: "input-gradient" } : action);
      t.true(found.includes(`rank ${rank}: ${name} is there 2 times, not once`), found.join("\n"));
    }),
  );
});

test("two micro-batches of one stage and kind that change places are refused", (t) => {
  fc.assert(
    fc.property(anySchedule(), PICK, PICK, PICK, ({ schedule }, r, i, k) => {
      fc.pre(schedule.microBatches > 1);
      const rank = Math.floor(r * schedule.pipelineRanks);
      const list = schedule.actions[rank];
      const one = at(list, i);
      const others = list.filter(
        (each) => each !== one && each.kind === one.kind && each.stage === one.stage,
      );
      const other = at(others, k);
      const found = breaches(withList(schedule, rank, exchange(list, one, other)));
      t.true(
        found.some((line) => line.startsWith(`rank ${rank}: `)),
        found.join("\n"),
      );
    }),
  );
});

test("any two actions of a rank may change places just where the graph of what they need has no circle", (t) => {
  let [harmless, harmful] = [0, 0];
  fc.assert(
    fc.property(anySchedule(4, 5), PICK, PICK, PICK, ({ schedule }, r, i, k) => {
      t.true(isSound(schedule));
      const rank = Math.floor(r * schedule.pipelineRanks);
      const list = schedule.actions[rank];
      const mutated = withList(schedule, rank, exchange(list, at(list, i), at(list, k)));
      const sound = isSound(mutated);
      if (sound) harmless++;
      else harmful++;
      t.is(breaches(mutated).length === 0, sound);
    }),
    { numRuns: 400, seed: 1 },
  );
  t.true(harmless > 20 && harmful > 20, `${harmless} sound, ${harmful} not`);
});

function exchange(list: readonly Action[], one: Action, other: Action): Action[] {
  return list.map((each) => (each === one ? other : each === other ? one : each));
}

const two = (name: ScheduleName): Schedule =>
  buildSchedule(name, { pipelineRanks: 2, stagesPerRank: 1, microBatches: 2 });

test("ranks that wait for each other are told, each with its action, what it waits for and where that rank is", (t) => {
  const schedule = two("1f1b");
  const [f0, , b0, ...rest] = schedule.actions[0];
  t.deepEqual(breaches(withList(schedule, 0, [f0, b0, schedule.actions[0][1], ...rest])), []);
  const stuck = withList(schedule, 1, [schedule.actions[1][1], schedule.actions[1][0]]);
  t.deepEqual(breaches(stuck).slice(-2), [
    "rank 0: B0 of stage 0 waits for X0 of stage 1, but rank 1 is at B0 of stage 1",
    "rank 1: B0 of stage 1 waits for F0 of stage 1, which it has not done",
  ]);
});

test("a rank that waits for what another leaves out is told so", (t) => {
  const schedule = two("gpipe");
  const found = breaches(withList(schedule, 0, schedule.actions[0].slice(1)));
  t.true(
    found.includes("rank 1: F0 of stage 1 waits for F0 of stage 0, but rank 0 is at B0 of stage 0"),
    found.join("\n"),
  );
  t.true(
    breaches(withList(schedule, 0, [])).includes(
      "rank 1: F0 of stage 1 waits for F0 of stage 0, but rank 0 ends without it",
    ),
  );
});

test("actions of another rank, of no stage and of no micro-batch are refused, and so is a wrong number of lists", (t) => {
  const schedule = two("zero-bubble");
  const first = (action: Partial<Action>) =>
    breaches(withList(schedule, 0, [{ kind: "forward", stage: 0, microBatch: 0, ...action }]));
  t.deepEqual(first({ stage: 1 }), ["rank 0: F0 of stage 1 belongs to rank 1"]);
  t.deepEqual(first({ stage: 2 }), ["rank 0: F0 of stage 2: there are 2 stages"]);
  t.deepEqual(first({ microBatch: 2 }), ["rank 0: F2 of stage 0: there are 2 micro-batches"]);
  t.deepEqual(breaches({ ...schedule, pipelineRanks: 3 }), ["2 lists are not 3 ranks"]);
  t.deepEqual(breaches({ ...schedule, stages: 3 }), ["3 stages do not divide among 2 ranks"]);
});

test("a rank that keeps more or fewer activations than it should is told", (t) => {
  const schedule = two("gpipe");
  t.deepEqual(
    breaches(schedule, (rank) => Math.min(2, 2 - rank)),
    ["rank 1 keeps 2 activations at once, not 1"],
  );
});
