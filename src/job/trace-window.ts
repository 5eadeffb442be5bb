/** Which steps of a job are traced. */
import { InputError } from "../base/errors.ts";
import { type TraceWindow, WARM_STEPS } from "../profile/step-ring.ts";

/** So many by default: enough to see what repeats. */
const STEPS = 10;

/**
 * The steps asked for, else ten after a hundred that warm up: the last ten of a shorter run. `before` steps
 * were done earlier, `steps` are those of the whole run. Throws an InputError where none of the steps asked
 * for will be taken.
 */
export function traceWindow(asked: TraceWindow | undefined, before: number, steps: number): TraceWindow {
  if (asked === undefined) {
    const last = Math.min(before + WARM_STEPS + STEPS, steps);
    return { first: Math.max(before + 1, last - STEPS + 1), last };
  }
  if (asked.first <= steps && asked.last > before) return asked;
  const taken = before >= steps ? "takes no step" : `takes steps ${before + 1} to ${steps}`;
  throw new InputError(
    "no-such-steps",
    `--trace-steps ${asked.first}:${asked.last}: the run ${taken}`,
    "name some of these, or use --trace",
  );
}
