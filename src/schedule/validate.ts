/** What a schedule must keep, whoever made it; what it breaks is told by rank, action, and what that waits for. */
import { type Action, nameOf, rankOf, type Schedule } from "./action.ts";
import { keyOf, partsOf } from "./dependencies.ts";
import { highWater } from "./high-water.ts";
import { play, tellStuck } from "./play.ts";

/**
 * All that is wrong with a schedule, one sentence each; none if
 *
 * - every rank has actions of its own stages alone, and every forward, input gradient and weight gradient is there once;
 * - in each stage each of these comes in ascending order of micro-batches: weight gradients continue one chain of sums, and what
 *   goes from stage to stage arrives in the order in which it is used;
 * - all actions come to pass, each after what it needs (dependencies.ts), whatever time they take;
 * - each rank keeps `highWaterOf(rank)` activations at most, and so many at some time; not looked at if not given.
 */
export function breaches(schedule: Schedule, highWaterOf?: (rank: number) => number): string[] {
  const misplaced = misplacedActions(schedule);
  if (misplaced.length > 0) return misplaced;
  const stuck = play(schedule, () => {});
  const found = [
    ...wrongCounts(schedule),
    ...descents(schedule),
    ...stuck.map((each) => tellStuck(schedule, each, stuck)),
  ];
  if (!highWaterOf) return found;
  for (const [rank, kept] of highWater(schedule).byRank.entries())
    if (kept !== highWaterOf(rank))
      found.push(`rank ${rank} keeps ${kept} activations at once, not ${highWaterOf(rank)}`);
  return found;
}

function misplacedActions(schedule: Schedule): string[] {
  const { pipelineRanks, stages, microBatches, actions } = schedule;
  if (actions.length !== pipelineRanks) return [`${actions.length} lists are not ${pipelineRanks} ranks`];
  if (stages < 1 || stages % pipelineRanks !== 0)
    return [`${stages} stages do not divide among ${pipelineRanks} ranks`];
  const within = (index: number, count: number) => Number.isInteger(index) && index >= 0 && index < count;
  return actions.flatMap((list, rank) =>
    list.flatMap((action) => {
      const { stage, microBatch } = action;
      if (!within(stage, stages)) return [`rank ${rank}: ${nameOf(action)}: there are ${stages} stages`];
      if (!within(microBatch, microBatches))
        return [`rank ${rank}: ${nameOf(action)}: there are ${microBatches} micro-batches`];
      const owner = rankOf(schedule, stage);
      return owner === rank ? [] : [`rank ${rank}: ${nameOf(action)} belongs to rank ${owner}`];
    }),
  );
}

const PARTS = ["forward", "input-gradient", "weight-gradient"] as const;

function wrongCounts(schedule: Schedule): string[] {
  const counts = new Map<string, number>();
  for (const part of schedule.actions.flat().flatMap(partsOf))
    counts.set(keyOf(part), (counts.get(keyOf(part)) ?? 0) + 1);
  const found: string[] = [];
  for (let stage = 0; stage < schedule.stages; stage++)
    for (let microBatch = 0; microBatch < schedule.microBatches; microBatch++)
      for (const kind of PARTS) {
        const part: Action = { kind, stage, microBatch };
        const count = counts.get(keyOf(part)) ?? 0;
        if (count !== 1)
          found.push(`rank ${rankOf(schedule, stage)}: ${nameOf(part)} is there ${count} times, not once`);
      }
  return found;
}

function descents({ actions }: Schedule): string[] {
  return actions.flatMap((list, rank) => {
    const latest = new Map<string, Action>();
    return list.flatMap(partsOf).flatMap((part) => {
      const row = `${part.kind} ${part.stage}`;
      const before = latest.get(row);
      latest.set(row, part);
      return before && before.microBatch > part.microBatch
        ? [`rank ${rank}: ${nameOf(part)} comes after ${nameOf(before)}`]
        : [];
    });
  });
}
