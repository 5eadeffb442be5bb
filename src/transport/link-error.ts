/** What goes wrong between processes. */
import { LockstepError, type Where } from "../base/errors.ts";

/** A link broke, a peer fell silent, stopped, or is not who it should be. Exit code 1. */
export class LinkError extends LockstepError {
  constructor(code: string, message: string, fix: string, where: Where = {}, cause?: unknown) {
    super(code, message, fix, 1, where, cause);
  }
}
