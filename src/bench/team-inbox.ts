/** Where a benchmark's messages go: those of the list in hand to its executor, and rank 0's decisions to whoever awaits them. */
import { type LockstepError, RankError } from "../base/errors.ts";
import type { Arrival, Inbox, Transport } from "../transport/transport.ts";
import type { LinkExecutor } from "./link-executor.ts";

/** No list has so many messages. */
const DECISIONS = 0xffff_ffff;
const LEADER = 0;

export class TeamInbox implements Inbox {
  /** The first failure of any link. */
  readonly failure: Promise<never>;
  executor: LinkExecutor | null = null;
  #fail: (error: LockstepError) => void = () => {};
  readonly #word = new Int32Array(1);
  readonly #decided: number[] = [];
  #heard: (() => void) | null = null;
  #decisions = 0;

  constructor() {
    this.failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failure.catch(() => {}); // whoever waits for anything races with it
  }

  place(arrival: Arrival): Uint8Array | null {
    if (arrival.channel !== DECISIONS) return this.executor?.place(arrival) ?? null;
    if (arrival.peer === LEADER && arrival.bytes === 4) return new Uint8Array(this.#word.buffer);
    throw new RankError("unexpected-message", `process ${arrival.peer} decides`, "please report it", {});
  }

  arrived(arrival: Arrival): void {
    if (arrival.channel !== DECISIONS) this.executor?.arrived(arrival);
    else {
      this.#decided.push(this.#word[0]);
      this.#heard?.();
    }
  }

  failed(error: LockstepError): void {
    this.#fail(error);
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
      const heard = new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
      await Promise.race([heard, this.failure]);
    }
    return this.#decided.shift() as number;
  }
}
