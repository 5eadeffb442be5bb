/**
 * The last transfers of a process, in a ring that any thread can read, also when the one that writes it is stuck.
 *
 *      0            8                          64                                 a record of 56 bytes
 *      │ begun: u32 │ record 0                 │ record 1 …    │ number │ way │ peer │ channel │ sequence │ step │  u32
 *      └ how many transfers ever, mod 2^32                     │ bytes │ begun │ moving │ done │                  f64
 *
 * Numbers count from 1; a record's is 0 while it is being written. Times are ms since 1970, 0 until it is so far:
 *
 *                begun                          moving                            done
 *      out       given to the link              its first frame is made           its last frame is with the system
 *      in        its first frame arrived        it was given a place              it is in its place, whole
 */
import type { TraceWindow } from "./step-ring.ts";

export const HEADER_BYTES = 8;
export const RECORD_BYTES = 56;
const WORDS = RECORD_BYTES / 4;
const DOUBLES = RECORD_BYTES / 8;
/** Of a record's, the first f64. */
export const FIRST_DOUBLE = 3;

export const FLIGHT_CAPACITY = 2000;
export const OUT = 1;
export const IN = 2;
export type Way = typeof OUT | typeof IN;

export interface FlightRecorderOptions {
  readonly capacity?: number;
  /** What this process is at. */
  readonly step?: () => number;
  /** The steps whose transfers are kept besides, in a ring of their own that stands still after them. */
  readonly kept?: TraceWindow;
}

/** Of transfers that are kept for a trace: 1.8 MB. */
export const KEPT_CAPACITY = 2 ** 15;

export class FlightRecorder {
  readonly #last: FlightRing;
  readonly #kept: FlightRing | null;
  readonly #window: TraceWindow | null;
  readonly #step: () => number;
  #begun = 0;

  constructor({ capacity = FLIGHT_CAPACITY, step = () => 0, kept }: FlightRecorderOptions = {}) {
    this.#step = step;
    this.#last = new FlightRing(capacity);
    this.#window = kept ?? null;
    this.#kept = kept ? new FlightRing(KEPT_CAPACITY) : null;
  }

  /** The last transfers. */
  get shared(): SharedArrayBuffer {
    return this.#last.shared;
  }

  /** Those of the steps that are kept; null if none are. */
  get kept(): SharedArrayBuffer | null {
    return this.#kept?.shared ?? null;
  }

  /** Records a transfer. Its number is for moving() and done(). */
  begin(way: Way, peer: number, channel: number, sequence: number, bytes: number): number {
    const step = this.#step();
    const number = ++this.#begun;
    this.#last.begin(number, step, way, peer, channel, sequence, bytes);
    const window = this.#window;
    if (window !== null && step >= window.first && step <= window.last)
      this.#kept?.begin(number, step, way, peer, channel, sequence, bytes);
    return number;
  }

  moving(number: number): void {
    this.#last.mark(number, 2);
    this.#kept?.mark(number, 2);
  }

  done(number: number): void {
    this.#last.mark(number, 3);
    this.#kept?.mark(number, 3);
  }
}

class FlightRing {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.shared = new SharedArrayBuffer(HEADER_BYTES + capacity * RECORD_BYTES);
    this.#words = new Int32Array(this.shared);
    this.#doubles = new Float64Array(this.shared);
  }

  begin(
    number: number,
    step: number,
    way: Way,
    peer: number,
    channel: number,
    sequence: number,
    bytes: number,
  ): void {
    const index = (number - 1) % this.#capacity;
    const word = HEADER_BYTES / 4 + index * WORDS;
    const double = HEADER_BYTES / 8 + index * DOUBLES + FIRST_DOUBLE;
    const words = this.#words;
    Atomics.store(words, word, 0);
    words[word + 1] = way;
    words[word + 2] = peer;
    words[word + 3] = channel;
    words[word + 4] = sequence;
    words[word + 5] = step;
    this.#doubles[double] = bytes;
    this.#doubles[double + 1] = performance.timeOrigin + performance.now();
    this.#doubles[double + 2] = 0;
    this.#doubles[double + 3] = 0;
    Atomics.store(words, word, number);
    Atomics.store(words, 0, number);
  }

  /** Nothing where the record was overwritten by a later one, or was never made. */
  mark(number: number, time: number): void {
    const index = (number - 1) % this.#capacity;
    if (this.#words[HEADER_BYTES / 4 + index * WORDS] !== (number | 0)) return;
    const double = HEADER_BYTES / 8 + index * DOUBLES + FIRST_DOUBLE;
    this.#doubles[double + time] = performance.timeOrigin + performance.now();
  }
}
