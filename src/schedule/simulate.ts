/** A schedule on a virtual clock: when each action begins and ends, how long a step takes, and how much of it each rank waits. */
import { LockstepError } from "../base/errors.ts";
import { type Action, type ActionKind, rankOf, type Schedule } from "./action.ts";
import { keyOf, needsOf, partsOf } from "./dependencies.ts";
import { play, tellStuck } from "./play.ts";

/** What things take, in any one unit of time. */
export interface ScheduleCosts {
  durationOf(kind: ActionKind, stage: number, microBatch: number): number;
  /** From the end of an action of one stage to when another rank may begin one of a neighbouring stage that needs it. */
  transferOf(fromStage: number, toStage: number): number;
}

export interface TimedAction {
  readonly action: Action;
  readonly start: number;
  readonly end: number;
}

export interface Simulation {
  /** By rank, in its order. */
  readonly timed: readonly (readonly TimedAction[])[];
  /** When the last rank has finished. */
  readonly makespan: number;
  /** By rank, the share of the makespan in which it does nothing. */
  readonly bubbles: readonly number[];
}

/**
 * Each action begins when its rank has finished the one before, and what it needs is there. Transfers take no rank's time and do
 * not hold each other up. LockstepError if the schedule is stuck.
 */
export function simulate(schedule: Schedule, costs: ScheduleCosts): Simulation {
  const ends = new Map<string, number>();
  const timed: TimedAction[][] = schedule.actions.map(() => []);
  const arrivalOf = (part: Action, { stage }: Action) => {
    const end = ends.get(keyOf(part)) as number;
    const crosses = rankOf(schedule, part.stage) !== rankOf(schedule, stage);
    return crosses ? end + costs.transferOf(part.stage, stage) : end;
  };
  const stuck = play(schedule, (action, rank) => {
    const before = timed[rank].at(-1)?.end ?? 0;
    const start = needsOf(action, schedule).reduce(
      (at, part) => Math.max(at, arrivalOf(part, action)),
      before,
    );
    const end = start + costs.durationOf(action.kind, action.stage, action.microBatch);
    for (const part of partsOf(action)) ends.set(keyOf(part), end);
    timed[rank].push({ action, start, end });
  });
  if (stuck.length > 0)
    throw new LockstepError(
      "bad-schedule",
      tellStuck(schedule, stuck[0], stuck),
      "report this: a schedule is stuck",
    );
  const makespan = Math.max(0, ...timed.map((list) => list.at(-1)?.end ?? 0));
  const busy = timed.map((list) => list.reduce((sum, { start, end }) => sum + (end - start), 0));
  return { timed, makespan, bubbles: busy.map((time) => (makespan > 0 ? 1 - time / makespan : 0)) };
}
