/** Plays a schedule: its actions one after another, each as soon as all that it needs has been. */
import { type Action, nameOf, rankOf, type Schedule } from "./action.ts";
import { keyOf, needsOf, partsOf } from "./dependencies.ts";

/** A rank that comes no further, and why. */
export interface Stuck {
  readonly rank: number;
  readonly action: Action;
  readonly waitsFor: Action;
}

/** Visits each action that can ever begin, after all that it needs. Returns the ranks that are stuck: none, if all goes well. */
export function play(schedule: Schedule, visit: (action: Action, rank: number) => void): Stuck[] {
  const done = new Set<string>();
  const next = schedule.actions.map(() => 0);
  const missing = (action: Action) => needsOf(action, schedule).find((part) => !done.has(keyOf(part)));
  for (let moved = true; moved; ) {
    moved = false;
    for (const [rank, list] of schedule.actions.entries())
      for (; next[rank] < list.length && !missing(list[next[rank]]); next[rank]++) {
        for (const part of partsOf(list[next[rank]])) done.add(keyOf(part));
        visit(list[next[rank]], rank);
        moved = true;
      }
  }
  return schedule.actions.flatMap((list, rank) => {
    const action = list[next[rank]];
    return action ? [{ rank, action, waitsFor: missing(action) as Action }] : [];
  });
}

/** "rank 1: B0 of stage 1 waits for X0 of stage 2, but rank 2 is at W0 of stage 2"; `all` are the ranks that are stuck. */
export function tellStuck(
  schedule: Pick<Schedule, "pipelineRanks">,
  { rank, action, waitsFor }: Stuck,
  all: readonly Stuck[],
): string {
  const owner = rankOf(schedule, waitsFor.stage);
  const its = all.find((each) => each.rank === owner);
  const why =
    owner === rank
      ? "which it has not done"
      : `but rank ${owner} ${its ? `is at ${nameOf(its.action)}` : "ends without it"}`;
  return `rank ${rank}: ${nameOf(action)} waits for ${nameOf(waitsFor)}, ${why}`;
}
