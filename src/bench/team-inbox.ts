/** Where a benchmark's messages go: those of collectives to their lists, and rank 0's decisions to whoever awaits them. */
import { type LockstepError, RankError } from "../base/errors.ts";
import type { LinkCollectives } from "../collective/link-collectives.ts";
import type { Arrival, Inbox, Transport } from "../transport/transport.ts";

/** No collective has this channel. */
const DECISIONS = 0xffff_ffff;
const LEADER = 0;

export class TeamInbox implements Inbox {
  collectives: LinkCollectives | null = null;
  /** The first failure, and how to tell it to whoever waits for something. */
  #failure: Error | null = null;
  #reject: (error: Error) => void = () => {};
  readonly #word = new Int32Array(1);
  readonly #decided: number[] = [];
  #heard: (() => void) | null = null;
  #decisions = 0;

  place(arrival: Arrival): Uint8Array | null {
    if (arrival.channel !== DECISIONS) return this.collectives?.place(arrival) ?? null;
    if (arrival.peer === LEADER && arrival.bytes === 4) return new Uint8Array(this.#word.buffer);
    throw new RankError("unexpected-message", `process ${arrival.peer} decides`, "please report it", {});
  }

  arrived(arrival: Arrival): void {
    if (arrival.channel !== DECISIONS) this.collectives?.arrived(arrival);
    else {
      this.#decided.push(this.#word[0]);
      this.#heard?.();
    }
  }

  failed(error: LockstepError): void {
    this.fail(error);
  }

  /** Whoever waits for anything hears of it. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#reject(this.#failure);
  }

  /** Resolves when `begin` says so, rejects with the first failure. One at a time. */
  unlessFailed(begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      this.#reject = reject;
      begin(resolve);
    });
  }

  /** Resolves to rank 0's number. */
  async agree(transport: Transport, value: number): Promise<number> {
    if (transport.self === LEADER) {
      const message = {
        ...{ channel: DECISIONS, sequence: this.#decisions++, flags: 0 },
        bytes: new Uint8Array(Int32Array.of(value).buffer),
      };
      for (const peer of transport.peers) transport.send(peer, message, () => {});
      return value;
    }
    if (this.#decided.length === 0) {
      await this.unlessFailed((done) => {
        this.#heard = done;
      });
    }
    return this.#decided.shift() as number;
  }
}
