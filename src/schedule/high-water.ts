/**
 * How many activations a schedule keeps at once, counted in its lists.
 *
 * One is what one stage keeps of one micro-batch: from its forward to the end of its backward, or of its
 * weight gradient. No clock is needed: what a rank keeps depends on the order of its own list alone.
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
  /**
   * The most micro-batches whose output gradients a stage keeps for weight gradients to come, by stage: one where backwards are
   * whole. They too have slots: j mod this number.
   */
  readonly gradientsByStage: readonly number[];
}

export function highWater(schedule: Schedule): HighWater {
  const none = () => Array.from({ length: schedule.stages }, () => 0);
  const [byStage, gradientsByStage, kept, gradients] = [none(), none(), none(), none()];
  const byRank = schedule.actions.map((list, rank) => {
    let [keptByRank, most] = [0, 0];
    for (const { kind, stage } of list.flatMap(partsOf)) {
      if (rankOf(schedule, stage) !== rank) continue;
      if (kind === "forward") {
        byStage[stage] = Math.max(byStage[stage], ++kept[stage]);
        most = Math.max(most, ++keptByRank);
      } else if (kind === "input-gradient") {
        gradientsByStage[stage] = Math.max(gradientsByStage[stage], ++gradients[stage]);
      } else {
        kept[stage]--;
        gradients[stage]--;
        keptByRank--;
      }
    }
    return most;
  });
  return { byRank, byStage, gradientsByStage };
}
