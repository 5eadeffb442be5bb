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
}

export class FlightRecorder {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #capacity: number;
  readonly #step: () => number;
  #begun = 0;

  constructor({ capacity = FLIGHT_CAPACITY, step = () => 0 }: FlightRecorderOptions = {}) {
    this.#capacity = capacity;
    this.#step = step;
    this.shared = new SharedArrayBuffer(HEADER_BYTES + capacity * RECORD_BYTES);
    this.#words = new Int32Array(this.shared);
    this.#doubles = new Float64Array(this.shared);
  }

  /** Records a transfer. Its number is for moving() and done(). */
  begin(way: Way, peer: number, channel: number, sequence: number, bytes: number): number {
    const index = this.#begun % this.#capacity;
    const word = HEADER_BYTES / 4 + index * WORDS;
    const double = HEADER_BYTES / 8 + index * DOUBLES + FIRST_DOUBLE;
    const words = this.#words;
    Atomics.store(words, word, 0);
    words[word + 1] = way;
    words[word + 2] = peer;
    words[word + 3] = channel;
    words[word + 4] = sequence;
    words[word + 5] = this.#step();
    this.#doubles[double] = bytes;
    this.#doubles[double + 1] = performance.timeOrigin + performance.now();
    this.#doubles[double + 2] = 0;
    this.#doubles[double + 3] = 0;
    this.#begun++;
    Atomics.store(words, word, this.#begun);
    Atomics.store(words, 0, this.#begun);
    return this.#begun;
  }

  moving(number: number): void {
    this.#mark(number, 2);
  }

  done(number: number): void {
    this.#mark(number, 3);
  }

  /** Nothing where the record was overwritten by a later one. */
  #mark(number: number, time: number): void {
    const index = (number - 1) % this.#capacity;
    if (this.#words[HEADER_BYTES / 4 + index * WORDS] !== (number | 0)) return;
    const double = HEADER_BYTES / 8 + index * DOUBLES + FIRST_DOUBLE;
    this.#doubles[double + time] = performance.timeOrigin + performance.now();
  }
}
