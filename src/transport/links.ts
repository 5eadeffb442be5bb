/** All links of a process: opened together, failing together, closed together. */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { LockstepError } from "../base/errors.ts";
import type { Digest } from "./handshake.ts";
import { Link, type LinkOptions } from "./link.ts";
import { LinkError } from "./link-error.ts";
import { PATIENCE, type Patience } from "./patience.ts";
import type { Security } from "./seal.ts";
import type { AbortReport, Inbox, Message, Transport } from "./transport.ts";

const FIRST_PORT = 20_000;
const LAST_PORT = 59_999;
/** After the last farewell, before sockets are closed: nanomsg forgets what it has not sent by then. */
const LINGER_MS = 100;
const FAREWELL_MS = 5000;

export interface LinksOptions {
  readonly self: number;
  /** How each process is called in messages to people. */
  readonly names: readonly string[];
  readonly run: bigint;
  readonly runKey: Buffer;
  readonly security: Security;
  readonly digest: Digest;
  readonly inbox: Inbox;
  readonly patience?: Patience;
  /** Where this process listens for each process of higher index, and where the lower ones listen for it. */
  readonly addresses: ReadonlyMap<number, string>;
}

/** A free address for the link between two processes: within a host a file in `folder`, which must be its user's alone. */
export function localAddress(folder: string, listener: number, dialer: number): string {
  return `ipc://${join(folder, `${listener}-${dialer}`)}`;
}

/** An address that is free as far as chance goes; who finds it taken takes another. */
export const chanceAddress = (host: string): string =>
  `tcp://${host.includes(":") ? `[${host}]` : host}:${randomInt(FIRST_PORT, LAST_PORT + 1)}`;

/** A promise that its owner settles. */
class Outcome {
  resolve!: () => void;
  reject!: (error: unknown) => void;
  readonly promise = new Promise<void>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

export class Links implements Transport {
  readonly self: number;
  readonly peers: readonly number[];
  readonly #links = new Map<number, Link>();
  readonly #inbox: Inbox;
  readonly #opened = new Outcome();
  readonly #parted = new Outcome();
  #partings = 0;
  #isOver = false;

  private constructor({ self, names, addresses, inbox, ...options }: LinksOptions) {
    this.self = self;
    this.#inbox = inbox;
    this.peers = names.map((_, peer) => peer).filter((peer) => peer !== self);
    this.#opened.promise.catch(() => {}); // heard by open()
    try {
      for (const peer of this.peers) {
        const link: LinkOptions = {
          ...{ ...options, self, peer, inbox, dials: peer < self, peerName: names[peer] },
          patience: options.patience ?? PATIENCE,
          address: addresses.get(peer) as string,
          opened: () => this.#open(),
          failed: (error) => this.#fail(error),
          parted: () => this.#part(),
        };
        this.#links.set(peer, new Link(link));
      }
    } catch (thrown) {
      this.#closeAll();
      throw thrown;
    }
  }

  /** Resolves when all other processes have greeted; rejects with the first that refuses, differs, or does not come. */
  static async open(options: LinksOptions): Promise<Links> {
    const links = new Links(options);
    await links.#opened.promise;
    return links;
  }

  send(peer: number, message: Message, sent: () => void): void {
    this.#links.get(peer)?.send(message, sent);
  }

  resume(): void {
    for (const link of this.#links.values()) link.resume();
  }

  abort(report: AbortReport): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const link of this.#links.values()) link.abort(report);
    setTimeout(() => this.#closeAll(), LINGER_MS);
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    for (const link of this.#links.values()) link.part();
    const deadline = setTimeout(() => this.#parted.resolve(), FAREWELL_MS);
    await this.#parted.promise;
    clearTimeout(deadline);
    this.#isOver = true;
    await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
    this.#closeAll();
  }

  #open(): void {
    if ([...this.#links.values()].every((link) => link.isOpen)) this.#opened.resolve();
  }

  #part(): void {
    this.#partings++;
    if (this.#partings === this.peers.length) this.#parted.resolve();
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const error =
      thrown instanceof LockstepError
        ? thrown
        : new LinkError("link-broken", String(thrown), "see the stack; please report it", {}, thrown);
    // The others should hear of it from here, too: their links to whoever failed may be sound.
    this.abort({ code: error.code, message: error.message, ...error.where });
    this.#opened.reject(error);
    this.#parted.resolve();
    this.#inbox.failed(error);
  }

  #closeAll(): void {
    for (const link of this.#links.values()) link.close();
  }
}
