/**
 * How many activations a schedule keeps at once, counted in its lists.
 *
 * One is what one stage keeps of one micro-batch: from its forward to the end of its backward, or of its weight gradient. No clock
 * is needed: what a rank keeps depends on the order of its own list alone.
 */
import { rankOf, type Schedule } from "./action.ts";
import { partsOf } from "./dependencies.ts";

export interface HighWater {
  /** The most that a rank keeps of all its stages, by rank. */
  readonly byRank: readonly number[];
  /**
   * The most that each stage keeps, by stage. Its micro-batches come and go in ascending order, so those it keeps follow each
   * other: micro-batch j has slot j mod this number.
   */
  readonly byStage: readonly number[];
}

export function highWater(schedule: Schedule): HighWater {
  const byStage = Array.from({ length: schedule.stages }, () => 0);
  const kept = [...byStage];
  const byRank = schedule.actions.map((list, rank) => {
    let [keptByRank, most] = [0, 0];
    for (const part of list.flatMap(partsOf)) {
      if (rankOf(schedule, part.stage) !== rank || part.kind === "input-gradient") continue;
      const change = part.kind === "forward" ? 1 : -1;
      kept[part.stage] += change;
      keptByRank += change;
      byStage[part.stage] = Math.max(byStage[part.stage], kept[part.stage]);
      most = Math.max(most, keptByRank);
    }
    return most;
  });
  return { byRank, byStage };
}
