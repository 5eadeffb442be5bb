/** Errors are values: each has a code, names the culprit, and says the fix. */

export interface Where {
  rank?: number;
  host?: string;
  step?: number;
  /** What it was at: "training: barrier". */
  operation?: string;
}

/** The base of all errors that Lockstep throws on purpose. `exitCode` is the process's exit status. */
export class LockstepError extends Error {
  readonly code: string;
  readonly fix: string;
  readonly exitCode: number;
  readonly where: Where;

  constructor(code: string, message: string, fix: string, exitCode = 1, where: Where = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.fix = fix;
    this.exitCode = exitCode;
    this.where = where;
  }

  /** The `error` object of `--json` (DESIGN: the command line's contract). */
  toJSON(): Record<string, unknown> {
    return { code: this.code, message: this.message, fix: this.fix, ...this.where };
  }
}

/** What the user gave is wrong: a flag, a file, a checkpoint. Exit code 2. */
export class InputError extends LockstepError {
  constructor(code: string, message: string, fix: string, cause?: unknown) {
    super(code, message, fix, 2, {}, cause);
  }
}

/** The machine or a file system did not do what was asked of it. Exit code 1. */
export class EnvironmentError extends LockstepError {
  constructor(code: string, message: string, fix: string, cause?: unknown) {
    super(code, message, fix, 1, {}, cause);
  }
}

/** A rank failed, hung or disagreed. Exit code 1. */
export class RankError extends LockstepError {
  constructor(code: string, message: string, fix: string, where: Where, cause?: unknown) {
    super(code, message, fix, 1, where, cause);
  }
}
