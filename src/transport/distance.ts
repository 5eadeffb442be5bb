/**
 * How far two processes are from each other: small messages there and back, then large ones one way, over a
 * link like a run's.
 */
import { EnvironmentError, type LockstepError } from "../base/errors.ts";
import { MEASURING_CHANNELS } from "../profile/flight-report.ts";
import type { Arrival, Inbox, Transport } from "./transport.ts";

export interface Distance {
  /** Of a message of 64 bytes: the median. */
  readonly roundTripUs: number;
  /** Of payload, one way. */
  readonly bytesPerSecond: number;
}

/** What a message is for, by channel. Pings come back as they are, bulk as an empty message; who hears "done" may go. */
const CHANNEL = {
  ping: MEASURING_CHANNELS,
  bulk: MEASURING_CHANNELS + 1,
  done: MEASURING_CHANNELS + 2,
} as const;
const PING_BYTES = 64;
const BULK_BYTES = 2 ** 20;
/** The first ones wake both ends up, and compile what they run. */
const WARM_UP_ROUNDS = 20;

/** How long is measured. */
export interface Patience {
  readonly roundsMs: number;
  readonly bulkMs: number;
}

const LONG: Patience = { roundsMs: 200, bulkMs: 400 };
/** Large messages under way at once, so that the link is never idle. */
const IN_FLIGHT = 3;

/** One end measures, the other answers. */
export class DistanceEnd implements Inbox {
  readonly #peer: number;
  readonly #measures: boolean;
  readonly #patience: Patience;
  readonly #place = new Uint8Array(BULK_BYTES);
  readonly #failure: Promise<never>;
  #transport: Transport | null = null;
  /** Answers that nobody has waited for yet, and who waits for the next. */
  #answers = 0;
  #wake: () => void = () => {};
  #fail: (error: LockstepError) => void = () => {};
  readonly #isDone: Promise<void>;
  #done: () => void = () => {};

  constructor(peer: number, measures: boolean, patience = LONG) {
    this.#peer = peer;
    this.#measures = measures;
    this.#patience = patience;
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => {}); // heard by whoever waits
    this.#isDone = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  place({ bytes }: Arrival): Uint8Array {
    if (bytes <= BULK_BYTES) return this.#place.subarray(0, bytes);
    throw new EnvironmentError(
      "unexpected-message",
      `${bytes} bytes came to be measured`,
      "please report it",
    );
  }

  arrived({ channel, bytes }: Arrival): void {
    if (channel === CHANNEL.done) this.#done();
    else if (!this.#measures)
      this.#send(channel, channel === CHANNEL.ping ? this.#place.slice(0, bytes) : new Uint8Array(0));
    else {
      this.#answers++;
      this.#wake();
    }
  }

  failed(error: LockstepError): void {
    this.#fail(error);
  }

  /** Serves the other end until it is done. */
  async answer(transport: Transport): Promise<void> {
    this.#transport = transport;
    await Promise.race([this.#isDone, this.#failure]);
  }

  async measure(transport: Transport): Promise<Distance> {
    this.#transport = transport;
    const roundTripUs = await this.#roundTripUs();
    const bytesPerSecond = await this.#bytesPerSecond();
    this.#send(CHANNEL.done, new Uint8Array(0));
    // What is measured is not known any better than this.
    return { roundTripUs: Number(roundTripUs.toFixed(1)), bytesPerSecond: Math.round(bytesPerSecond) };
  }

  async #roundTripUs(): Promise<number> {
    const ping = new Uint8Array(PING_BYTES);
    const tookUs: number[] = [];
    const began = performance.now();
    for (
      let round = 0;
      round < 2 * WARM_UP_ROUNDS || performance.now() - began < this.#patience.roundsMs;
      round++
    ) {
      const start = performance.now();
      this.#send(CHANNEL.ping, ping);
      await this.#next();
      if (round >= WARM_UP_ROUNDS) tookUs.push(1000 * (performance.now() - start));
    }
    return tookUs.sort((a, b) => a - b)[tookUs.length >> 1];
  }

  /** Counts what was answered for, from the first answer on. */
  async #bytesPerSecond(): Promise<number> {
    const bulk = new Uint8Array(BULK_BYTES);
    for (let sent = 0; sent < IN_FLIGHT; sent++) this.#send(CHANNEL.bulk, bulk);
    await this.#next();
    const began = performance.now();
    let answered = 0;
    do {
      this.#send(CHANNEL.bulk, bulk);
      await this.#next();
      answered++;
    } while (performance.now() - began < this.#patience.bulkMs);
    const seconds = (performance.now() - began) / 1000;
    for (let left = IN_FLIGHT - 1; left > 0; left--) await this.#next();
    return (answered * BULK_BYTES) / seconds;
  }

  /** Resolves with the next answer. */
  async #next(): Promise<void> {
    if (this.#answers === 0) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, this.#failure]);
    }
    this.#answers--;
  }

  #send(channel: number, bytes: Uint8Array): void {
    this.#transport?.send(this.#peer, { channel, sequence: 0, flags: 0, bytes }, () => {});
  }
}
