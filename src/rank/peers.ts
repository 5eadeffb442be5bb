/** A session and the other processes: opens the links to them, has bytes moved while they are open, and leaves in good order. */
import type { Inbox, Transport } from "../transport/transport.ts";
import type { Digest } from "./digest.ts";
import { type Exchange, reportOf } from "./exchange.ts";

/**
 * Opens the links to the world's other processes; `digest` has what must be equal in all of them. Gives up, and leaves nothing
 * open, when the signal is aborted.
 */
export type Connect = (digest: Digest, inbox: Inbox, signal: AbortSignal) => Promise<Transport>;

export class Peers {
  readonly #exchange: Exchange;
  readonly #connect: Connect;
  readonly #leaving = new AbortController();
  #transport: Transport | null = null;
  #opened: Promise<void> = Promise.resolve();

  constructor(exchange: Exchange, connect: Connect) {
    this.#exchange = exchange;
    this.#connect = connect;
  }

  /** From then on what ranks make is sent. */
  open(digest: Digest): Promise<void> {
    this.#opened = this.#open(digest);
    return this.#opened;
  }

  /** Says why this process stops, also where links are still opening. */
  abort(failure: unknown): void {
    this.#transport?.abort(reportOf(failure));
    this.#leaving.abort(failure);
  }

  /** When the ranks are gone: resolves when all other processes are done, too, or, after abort(), when they had time to hear it. */
  async close(): Promise<void> {
    await this.#opened.catch(() => {}); // heard by who opened
    this.#exchange.end();
    await this.#transport?.close();
  }

  async #open(digest: Digest): Promise<void> {
    const { signal } = this.#leaving;
    const transport = await this.#connect(digest, this.#exchange, signal);
    this.#transport = transport;
    if (signal.aborted) transport.abort(reportOf(signal.reason));
    else this.#exchange.begin(transport);
  }
}
