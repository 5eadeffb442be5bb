/**
 * How a link ends well: each end says BYE after its last message, and says that it heard the other's. Only then may a socket be
 * closed, for it forgets what it has not sent.
 *
 *     one end     BYE ─▶  ◀─ BYE       "heard" ─▶  ◀─ "heard"      the other: the same, in any order
 */
import { FrameError } from "./link-error.ts";
import type { Outbox } from "./outbox.ts";

export class Farewell {
  #isAsked = false;
  #isTheirs = false;
  #isHeard = false;

  /** This end has said that it sends no more. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** This end sends no more messages. */
  ask(outbox: Outbox | undefined): void {
    this.#isAsked = true;
    outbox?.notify("bye");
  }

  /** The other end sends no more messages. */
  theirs(outbox: Outbox): void {
    this.#isTheirs = true;
    outbox.notify("byeHeard");
  }

  /** The other end has heard this one's. */
  heard(): void {
    this.#isHeard = true;
  }

  /** Throws a FrameError for a message after the last one. */
  checkMessage(): void {
    if (this.#isTheirs) throw new FrameError("after-bye", "a message after its last one");
  }

  /** Nothing is to come from either end; `outbox` is empty when the other knows that, too. */
  isDone(outbox: Outbox | undefined): boolean {
    return this.#isTheirs && this.#isHeard && outbox?.isEmpty === true;
  }
}
