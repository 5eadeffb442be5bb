/** What went wrong between processes, as an error of ours, and what the others are told of it. */
import { LockstepError, RankError } from "../base/errors.ts";
import type { AbortReport } from "../transport/transport.ts";

export const asFailure = (thrown: unknown): LockstepError =>
  thrown instanceof LockstepError
    ? thrown
    : new RankError("exchange-failed", String(thrown), "see the stack; please report it", {}, thrown);

/** What the other processes are told of a failure. */
export function reportOf(failure: unknown): AbortReport {
  if (failure instanceof LockstepError)
    return { ...failure.where, code: failure.code, message: failure.message };
  return { code: "failed", message: failure instanceof Error ? failure.message : String(failure) };
}
