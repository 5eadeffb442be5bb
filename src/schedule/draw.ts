/**
 * A schedule as a picture: a line a rank, a column a unit of time, in which a forward takes one, a backward two, each half one.
 *
 *     rank 0  F0 F1 F2 F3 ·· ·· ·· B0─── B1─── B2─── B3───
 *     rank 1  ·· F0 F1 F2 F3 B0─── B1─── B2─── B3─── ·· ··
 *
 * With several stages a rank, the letter behind is the rank's first stage (a), its second (b) …
 */
import { type Action, LETTERS, type Schedule } from "./action.ts";
import { type ScheduleCosts, simulate } from "./simulate.ts";

/** Time in columns. Transfers take none. */
export const COLUMNS: ScheduleCosts = {
  durationOf: (kind) => (kind === "backward" ? 2 : 1),
  transferOf: () => 0,
};

/** A line for each rank, all of one length. LockstepError if the schedule is stuck. */
export function drawSchedule(schedule: Schedule): string[] {
  const { timed, makespan } = simulate(schedule, COLUMNS);
  const { pipelineRanks, stages, microBatches } = schedule;
  const label = ({ kind, stage, microBatch }: Action) => {
    const letter = "abcdefghijklmnopqrstuvwxyz"[Math.floor(stage / pipelineRanks)] ?? "?";
    return `${LETTERS[kind]}${microBatch}${stages > pipelineRanks ? letter : ""}`;
  };
  const width = label({ kind: "forward", stage: 0, microBatch: microBatches - 1 }).length;
  return timed.map((list, rank) => {
    const cells: string[] = [];
    let column = 0;
    for (const { action, start, end } of list) {
      for (; column < start; column++) cells.push("·".repeat(width));
      cells.push(label(action).padEnd((end - start) * (width + 1) - 1, end - start > 1 ? "─" : " "));
      column = end;
    }
    for (; column < makespan; column++) cells.push("·".repeat(width));
    return `rank ${String(rank).padStart(String(pipelineRanks - 1).length)}  ${cells.join(" ")}`;
  });
}
