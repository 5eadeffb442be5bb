/**
 * How a link ends well: each end says BYE after its last message, and says that it heard the other's. It has parted when it
 * heard both, and then lets the other go, which until then keeps its socket: one that is closed forgets what it has not sent, and
 * even what the other end has not fetched yet.
 *
 *     one end   BYE ─▶ ◀─ BYE   "heard" ─▶ ◀─ "heard"   "release" ─▶ ◀─ "release"   the other: in any order
 *
 * Whoever has parted has all it needs. So the last frame may get lost: it is waited for not long, and missed by nobody.
 */
import { FrameError } from "./link-error.ts";
import type { Outbox } from "./outbox.ts";

export class Farewell {
  #isAsked = false;
  #isTheirs = false;
  #isHeard = false;
  #isParted = false;
  #isReleased = false;

  /** This end has said that it sends no more. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** Nothing is to come from either end, and both know it, or will when they have what is on its way. */
  get isParted(): boolean {
    return this.#isParted;
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

  /** The other end needs nothing of this one any more. */
  released(): void {
    this.#isReleased = true;
  }

  /** Throws a FrameError for a message after the last one. */
  checkMessage(): void {
    if (this.#isTheirs) throw new FrameError("after-bye", "a message after its last one");
  }

  /** Parts as soon as that can be: whether it did now. */
  part(outbox: Outbox | undefined): boolean {
    if (this.#isParted || !this.#isTheirs || !this.#isHeard || outbox?.isEmpty !== true) return false;
    this.#isParted = true;
    outbox.notify("release");
    return true;
  }

  /** Whether the socket may go, as far as the other end is concerned. */
  isOver(outbox: Outbox | undefined): boolean {
    return this.#isParted && this.#isReleased && outbox?.isEmpty === true;
  }
}
