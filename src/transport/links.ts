/** All links of a process: opened together, failing together, closed together. */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { AwakeTime } from "../base/awake-time.ts";
import { LockstepError } from "../base/errors.ts";
import { FlightRecorder } from "../profile/flight-recorder.ts";
import { makeWire } from "./address.ts";
import { HEADER_BYTES } from "./frame.ts";
import type { Digest } from "./handshake.ts";
import { Link } from "./link.ts";
import { LinkError } from "./link-error.ts";
import { PATIENCE, type Patience } from "./patience.ts";
import { type Security, TAG_BYTES } from "./seal.ts";
import type { AbortReport, Inbox, Message, Transport } from "./transport.ts";
import { type Clock, systemClock, type Wire } from "./wire.ts";

/** Of a frame, all in all: 128 KB of payload took less time than 64 or 256. */
const FRAME_BYTES = HEADER_BYTES + 128 * 1024 + TAG_BYTES;
/** Of what may be under way in one direction of a link. */
const WINDOW_BYTES = 4 * 2 ** 20;
/** After the last frame, before sockets are closed: nanomsg forgets what it has not sent by then. */
const LINGER_MS = 200;
/** Below the ports that systems give to those who dial: of those, any may be in use, or have been a minute ago. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;
/** How often links look at the clock. */
const TICK_MS = 100;

export interface LinksOptions {
  readonly self: number;
  /** How each process is called in messages to people. */
  readonly names: readonly string[];
  /** u64 */
  readonly run: bigint;
  /** How often the run was started before; 0 if left out. */
  readonly generation?: number;
  readonly runKey: Buffer;
  readonly security: Security;
  /** What must be equal everywhere, hashed where it is long. */
  readonly digest: Digest;
  readonly inbox: Inbox;
  readonly patience?: Patience;
  readonly frameBytes?: number;
  readonly windowBytes?: number;
  /** Where this process listens for each process of higher index, and where the lower ones listen for it. */
  readonly addresses: ReadonlyMap<number, string>;
  /** Wires that are there already, by peer; the others are made of their addresses. */
  readonly wires?: ReadonlyMap<number, Wire>;
  readonly clock?: Clock;
  readonly warn?: (message: string) => void;
  /** Aborted while links open: they are closed, the other ends hear why, and open() rejects with the reason. */
  readonly signal?: AbortSignal;
  /** Where transfers are recorded, for who wants to read it. */
  readonly recorder?: FlightRecorder;
}

/** The address of the link between two processes of one host; `folder` must be its user's alone. */
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

  constructor() {
    this.promise.catch(() => {}); // whoever asks for it later hears of it then
  }
}

export class Links implements Transport {
  readonly self: number;
  readonly peers: readonly number[];
  readonly #recorder: FlightRecorder;
  readonly #links = new Map<number, Link>();
  readonly #options: LinksOptions;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #opened = new Outcome();
  readonly #closed = new Outcome();
  readonly #stopTicking: () => void;
  #state: "running" | "leaving" | "parted" | "over" = "running";
  #leavingMs = 0;
  /** What went wrong while close() was waited for. */
  #farewellFailure: LockstepError | null = null;

  private constructor(options: LinksOptions) {
    const { self, names, wires, addresses } = options;
    this.self = self;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#patience = options.patience ?? PATIENCE;
    this.#recorder = options.recorder ?? new FlightRecorder();
    this.peers = names.map((_, peer) => peer).filter((peer) => peer !== self);
    const tickMs = Math.min(TICK_MS, this.#patience.beatMs);
    const time = new AwakeTime(this.#clock.now());
    this.#stopTicking = this.#clock.every(tickMs, () => this.#tick(tickMs, time.passedMs(this.#clock.now())));
    try {
      for (const peer of this.peers) {
        const address = addresses.get(peer) ?? "";
        const dials = peer < self;
        const wire = wires?.get(peer) ?? makeWire(address, !dials);
        this.#links.set(peer, this.#link(peer, address, wire));
      }
    } catch (thrown) {
      this.#closeAll();
      throw thrown;
    }
    for (const link of this.#links.values()) link.begin();
    if (this.peers.length === 0) this.#opened.resolve();
  }

  /**
   * Resolves when all other processes have greeted; rejects with the first error when all is closed again: who refuses, differs,
   * or does not come.
   */
  static async open(options: LinksOptions): Promise<Links> {
    const { signal } = options;
    signal?.throwIfAborted();
    const links = new Links(options);
    const giveUp = () => links.#fail(signal?.reason);
    signal?.addEventListener("abort", giveUp);
    try {
      await links.#opened.promise;
    } catch (thrown) {
      await links.#closed.promise;
      throw thrown;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
    // Whoever waits for this has the transport before the first message arrives.
    links.#clock.soon(() => {
      for (const link of links.#links.values()) link.release();
    });
    return links;
  }

  send(peer: number, message: Message, sent: () => void): void {
    this.#links.get(peer)?.send(message, sent);
  }

  resume(): void {
    for (const link of this.#links.values()) link.resume();
  }

  abort(report: AbortReport): void {
    if (this.#hasParted) return;
    this.#enter("over");
    for (const link of this.#links.values()) link.abort(report);
  }

  /** Rejects with what goes wrong while it waits; after abort() or a failure, resolves when all sockets are closed. */
  close(): Promise<void> {
    if (this.#state === "running") {
      this.#enter("leaving");
      for (const link of this.#links.values()) link.part();
      if (this.peers.length === 0) this.#closeAll();
    }
    return this.#closed.promise;
  }

  #link(peer: number, address: string, wire: Wire): Link {
    const { self, inbox, names, warn = () => {}, generation = 0 } = this.#options;
    const { frameBytes = FRAME_BYTES, windowBytes = WINDOW_BYTES } = this.#options;
    return new Link({
      ...{ ...this.#options, peer, address, wire, generation, frameBytes, windowBytes, warn },
      ...{ patience: this.#patience, recorder: this.#recorder },
      ...{ dials: peer < self, peerName: names[peer] },
      inbox,
      opened: () => this.#open(),
      failed: (error) => this.#fail(error),
      ending: () => this.#end(),
    });
  }

  #open(): void {
    if ([...this.#links.values()].every((link) => link.isOpen)) this.#opened.resolve();
  }

  #end(): void {
    const links = [...this.#links.values()];
    if (this.#state === "leaving" && links.every((link) => link.isParted)) this.#enter("parted");
    if (this.#state === "parted" && links.every((link) => link.isOver)) this.#enter("over");
  }

  /** Nothing that goes wrong from now on is of interest: not here, and not to the others. */
  get #hasParted(): boolean {
    return this.#state === "parted" || this.#state === "over";
  }

  #enter(state: "leaving" | "parted" | "over"): void {
    this.#state = state;
    this.#leavingMs = 0;
  }

  /** Frames that the system has not taken are given a little time; then the end. */
  #tick(periodMs: number, awakeMs: number): void {
    for (const link of this.#links.values()) link.tick(periodMs, awakeMs);
    if (this.#state === "running") return;
    this.#leavingMs += periodMs;
    if (this.#state === "leaving" && this.#leavingMs > this.#patience.farewellMs) {
      const missing = this.peers.filter((peer) => !this.#links.get(peer)?.isParted);
      const who = missing.map((peer) => this.#options.names[peer]).join(", ");
      this.#fail(
        new LinkError(
          "no-farewell",
          `${who} did not say that it is done within ${this.#patience.farewellMs / 1000} s of this process`,
          "look what it does; everything it sent before has arrived",
        ),
      );
    }
    if (this.#state === "parted" && this.#leavingMs >= this.#patience.releaseMs) this.#enter("over");
    if (this.#state === "over" && this.#leavingMs >= LINGER_MS) this.#closeAll();
  }

  #fail(thrown: unknown): void {
    if (this.#hasParted) return;
    const error =
      thrown instanceof LockstepError
        ? thrown
        : new LinkError("link-broken", String(thrown), "see the stack; please report it", {}, thrown);
    if (this.#state === "leaving") this.#farewellFailure = error;
    // The others should hear of it from here, too: their links to whoever failed may be sound.
    this.abort({ code: error.code, message: error.message, ...error.where });
    this.#opened.reject(error);
    this.#options.inbox.failed(error);
  }

  #closeAll(): void {
    this.#stopTicking();
    for (const link of this.#links.values()) link.close();
    this.#opened.reject(closedEarly());
    if (this.#farewellFailure) this.#closed.reject(this.#farewellFailure);
    else this.#closed.resolve();
  }
}

const closedEarly = (): LinkError =>
  new LinkError("link-closed", "the links were closed before they were open", "please report it");
