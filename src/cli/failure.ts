/** What is said when a command fails, and the exit code. */
import { EnvironmentError, LockstepError, RankError } from "../base/errors.ts";
import type { Output } from "./output.ts";

/** The `error` object of `--json` (DESIGN: the command line's contract). */
export function describeError(thrown: unknown): Record<string, unknown> {
  if (thrown instanceof LockstepError) return thrown.toJSON();
  return {
    code: "internal",
    message: thrown instanceof Error ? thrown.message : String(thrown),
    fix: INTERNAL_FIX,
  };
}

/** The exit code of who was asked to stop. */
const INTERRUPTED = 130;
const INTERNAL_FIX = "this is a defect of Lockstep: please report it with the stack on stderr";

/** Prints the failure in the way that `output` is set to, and returns the exit code. */
export function reportFailure(failure: unknown, output: Output): number {
  const thrown = ofCurrentFolder(failure);
  output.live("");
  const { message, fix } = describeError(thrown);
  output.complain(`${output.styled(["red", "bold"], "lockstep:")} ${message}${where(thrown)}`);
  const stack = stackOf(thrown);
  if (stack !== null) output.complain(stack.replace(/^/gm, "  "));
  output.complain(`  ${output.styled("bold", "fix:")} ${fix}`);
  const exitCode = thrown instanceof LockstepError ? thrown.exitCode : 1;
  const status = exitCode === INTERRUPTED ? "interrupted" : "failed";
  output.object({ status, error: describeError(thrown) });
  return exitCode;
}

/** Whoever asks for the current folder throws this where it has been deleted; any path may be the one to ask. */
function ofCurrentFolder(thrown: unknown): unknown {
  if ((thrown as NodeJS.ErrnoException | null | undefined)?.syscall !== "uv_cwd") return thrown;
  return new EnvironmentError(
    "no-current-folder",
    "the current folder does not exist any more",
    "go to one that does: cd",
    thrown,
  );
}

function where(thrown: unknown): string {
  if (!(thrown instanceof LockstepError)) return "";
  const parts = Object.entries(thrown.where).filter(([, value]) => value !== undefined);
  const told = parts.filter(([word, value]) => !thrown.message.includes(`${word} ${value}`));
  return told.length === 0 ? "" : ` (${told.map(([word, value]) => `${word} ${value}`).join(", ")})`;
}

/** Of what we did not expect, and of what happened inside a rank; a wrong flag needs no stack. */
function stackOf(thrown: unknown): string | null {
  if (thrown instanceof RankError && thrown.cause === undefined) {
    // A rank's own stack begins with what it threw, not with what we say of it here.
    const own = thrown.stack?.startsWith(`RankError: ${thrown.message}`) ?? true;
    return own ? null : (thrown.stack ?? null);
  }
  if (thrown instanceof LockstepError && !(thrown instanceof RankError)) return null;
  const cause = thrown instanceof RankError ? thrown.cause : thrown;
  return cause instanceof Error ? (cause.stack ?? cause.message) : null;
}
