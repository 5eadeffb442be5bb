/** Failures cross pipes as data, and are the same failures on the other side. */
import { EnvironmentError, InputError, LockstepError, RankError, type Where } from "../base/errors.ts";
import type { FailureWords } from "./messages.ts";

const LONGEST_TEXT = 20_000;
const INTERNAL_FIX = "this is a defect of Lockstep, or of the model file: see the stack";

export function toWords(thrown: unknown): FailureWords {
  if (!(thrown instanceof LockstepError)) {
    const [message, stack] =
      thrown instanceof Error ? [thrown.message, thrown.stack] : [String(thrown), undefined];
    return {
      kind: "internal",
      code: "internal",
      message: cut(message),
      fix: INTERNAL_FIX,
      exitCode: 1,
      ...stacked(stack),
    };
  }
  const { code, message, fix, exitCode, where } = thrown;
  const words = { kind: kindOf(thrown), code, message: cut(message), fix: cut(fix), exitCode, ...where };
  return { ...words, ...(thrown instanceof RankError ? stacked(stackOf(thrown)) : {}) };
}

/** The failure as an error of ours; `where` is what its process could not know, or did not say. */
export function fromWords(words: FailureWords, where: Where): LockstepError {
  const { kind, code, message, fix, exitCode, rank, host, step, operation, stack } = words;
  const known = Object.fromEntries(
    Object.entries({ rank, host, step, operation }).filter(([, value]) => value !== undefined),
  );
  const place = { ...where, ...known };
  if (kind === "input" || kind === "environment" || kind === "other") {
    // Of which machine a complaint about a file or a flag is, goes with it.
    const text =
      place.host === undefined || message.includes(place.host) ? message : `on ${place.host}: ${message}`;
    if (kind === "input") return new InputError(code, text, fix);
    return kind === "other"
      ? new LockstepError(code, text, fix, exitCode, place)
      : new EnvironmentError(code, text, fix);
  }
  const error = new RankError(code, message, fix, place);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function kindOf(error: LockstepError): FailureWords["kind"] {
  if (error instanceof InputError) return "input";
  if (error instanceof EnvironmentError) return "environment";
  return error instanceof RankError ? "rank" : "other";
}

/** A rank's own stack, as its thread told it, or that of what it threw. */
function stackOf(error: RankError): string | undefined {
  if (error.cause instanceof Error) return error.cause.stack ?? error.cause.message;
  return error.stack?.startsWith(`RankError: ${error.message}`) ? undefined : error.stack;
}

function stacked(stack: string | undefined): { stack?: string } {
  return stack === undefined ? {} : { stack: cut(stack) };
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
