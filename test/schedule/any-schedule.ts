/** Schedules of any name and shape, for property tests. */
import fc from "fast-check";
import { SCHEDULE_NAMES } from "../../src/base/config.ts";
import type { Action, Schedule, ScheduleShape } from "../../src/schedule/action.ts";
import { buildSchedule, SCHEDULES, type ScheduleName } from "../../src/schedule/schedules.ts";

export interface Built {
  readonly name: ScheduleName;
  readonly shape: ScheduleShape;
  readonly schedule: Schedule;
}

export function build(name: ScheduleName, shape: ScheduleShape): Built {
  return { name, shape, schedule: buildSchedule(name, shape) };
}

export function anySchedule(mostRanks = 8, mostMicroBatches = 20): fc.Arbitrary<Built> {
  return fc
    .record({
      name: fc.constantFrom(...SCHEDULE_NAMES),
      pipelineRanks: fc.integer({ min: 1, max: mostRanks }),
      microBatches: fc.integer({ min: 1, max: mostMicroBatches }),
      stagesPerRank: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ name, stagesPerRank, ...shape }) =>
      build(name, { ...shape, stagesPerRank: SCHEDULES[name].interleaves ? stagesPerRank : 1 }),
    );
}

/** The same schedule with another list for one rank. */
export function withList(schedule: Schedule, rank: number, list: readonly Action[]): Schedule {
  return { ...schedule, actions: schedule.actions.with(rank, list) };
}
