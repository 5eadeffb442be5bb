import test from "ava";
import { SCHEDULE_NAMES } from "../../src/base/config.ts";
import { InputError } from "../../src/base/errors.ts";
import { rankOf, stagesOf } from "../../src/schedule/action.ts";
import { buildSchedule, SCHEDULES } from "../../src/schedule/schedules.ts";

const shape = { pipelineRanks: 2, stagesPerRank: 1, microBatches: 4 };

test("a schedule is plain data: a copy through JSON is the same", (t) => {
  for (const name of SCHEDULE_NAMES) {
    const schedule = buildSchedule(name, shape);
    t.deepEqual(JSON.parse(JSON.stringify(schedule)), schedule);
    t.is(schedule.name, name);
    t.is(SCHEDULES[name].name, name);
  }
});

test("stage s belongs to rank s mod p, and a rank has every p-th stage", (t) => {
  const schedule = buildSchedule("interleaved", { ...shape, stagesPerRank: 3 });
  t.is(schedule.stages, 6);
  t.deepEqual(stagesOf(schedule, 1), [1, 3, 5]);
  for (const rank of [0, 1])
    for (const stage of stagesOf(schedule, rank)) t.is(rankOf(schedule, stage), rank);
});

test("no ranks, half a micro-batch and several stages a rank where none interleave are refused", (t) => {
  const refused = (change: Partial<typeof shape>, message: string) =>
    t.throws(() => buildSchedule("1f1b", { ...shape, ...change }), {
      instanceOf: InputError,
      code: "bad-schedule",
      message,
    });
  refused({ pipelineRanks: 0 }, "a schedule cannot have 0 pipeline ranks");
  refused({ microBatches: 1.5 }, "a schedule cannot have 1.5 micro-batches");
  refused({ stagesPerRank: Number.NaN }, "a schedule cannot have NaN stages a rank");
  refused({ stagesPerRank: 2 }, "the schedule 1f1b has one stage a rank, not 2");
});
