/**
 * What an action needs, in parts: forwards, input gradients and weight gradients, of which a backward is two.
 *
 *     F(s − 1, j) ─▶ F(s, j) ─▶ F(s + 1, j)
 *                       ▼
 *     X(s − 1, j) ◀─ X(s, j) ◀─ X(s + 1, j)
 *                       ▼
 *                    W(s, j)
 */
import type { Action, Schedule } from "./action.ts";

/** The parts that an action is made of. */
export function partsOf(action: Action): readonly Action[] {
  if (action.kind !== "backward") return [action];
  return [
    { ...action, kind: "input-gradient" },
    { ...action, kind: "weight-gradient" },
  ];
}

/** The parts that must be complete before an action begins; not those it makes itself. */
export function needsOf({ kind, stage, microBatch }: Action, { stages }: Pick<Schedule, "stages">): Action[] {
  if (kind === "weight-gradient") return [{ kind: "input-gradient", stage, microBatch }];
  if (kind === "forward") return stage === 0 ? [] : [{ kind: "forward", stage: stage - 1, microBatch }];
  const own: Action = { kind: "forward", stage, microBatch };
  return stage === stages - 1 ? [own] : [own, { kind: "input-gradient", stage: stage + 1, microBatch }];
}

/** Takes parts for keys of maps and sets. */
export function keyOf({ kind, stage, microBatch }: Action): string {
  return `${kind} ${stage} ${microBatch}`;
}
