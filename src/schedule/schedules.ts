/** The schedules there are, by name, and building one for a shape. */
import type { SCHEDULE_NAMES } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import type { Schedule, SchedulePolicy, ScheduleShape } from "./action.ts";
import { gpipe } from "./gpipe.ts";
import { interleaved } from "./interleaved.ts";
import { oneForwardOneBackward } from "./one-forward-one-backward.ts";
import { zeroBubble } from "./zero-bubble.ts";

export type ScheduleName = (typeof SCHEDULE_NAMES)[number];

export const SCHEDULES: Readonly<Record<ScheduleName, SchedulePolicy>> = {
  gpipe,
  "1f1b": oneForwardOneBackward,
  interleaved,
  "zero-bubble": zeroBubble,
};

/** InputError if a number of the shape is none, or if several stages a rank are asked of a schedule that does not interleave. */
export function buildSchedule(name: ScheduleName, shape: ScheduleShape): Schedule {
  const policy = SCHEDULES[name];
  const { pipelineRanks, stagesPerRank, microBatches } = shape;
  for (const [what, count] of Object.entries({ pipelineRanks, stagesPerRank, microBatches }))
    if (!Number.isInteger(count) || count < 1)
      throw new InputError(
        "bad-schedule",
        `a schedule cannot have ${count} ${WORDS[what]}`,
        "give at least 1",
      );
  if (stagesPerRank > 1 && !policy.interleaves)
    throw new InputError(
      "bad-schedule",
      `the schedule ${name} has one stage a rank, not ${stagesPerRank}`,
      "use the schedule interleaved, or one stage a rank",
    );
  return {
    name,
    pipelineRanks,
    stages: pipelineRanks * stagesPerRank,
    microBatches,
    actions: Array.from({ length: pipelineRanks }, (_, rank) => policy.actionsOf(shape, rank)),
  };
}

const WORDS: Readonly<Record<string, string>> = {
  pipelineRanks: "pipeline ranks",
  stagesPerRank: "stages a rank",
  microBatches: "micro-batches",
};
