/**
 * The last transfers of a process, in a ring that any thread can read, also when the one that writes it is stuck.
 *
 *      0            8                          56                                    a record
 *      │ begun: u32 │ record 0: 48 bytes       │ record 1 …     │ number │ way │ peer │ channel │ sequence │ 0 │  u32
 *      └ how many transfers ever, mod 2^32                      │ bytes │ begun │ done │                          f64
 *
 * Numbers count from 1; a record's is 0 while it is being written. Times are ms since 1970; done is 0 until it is.
 */
const RECORD_BYTES = 48;
const HEADER_BYTES = 8;
const WORDS = RECORD_BYTES / 4;
const DOUBLES = RECORD_BYTES / 8;

export const FLIGHT_CAPACITY = 2000;
export const OUT = 1;
export const IN = 2;
export type Way = typeof OUT | typeof IN;

export class FlightRecorder {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #capacity: number;
  #begun = 0;

  constructor(capacity = FLIGHT_CAPACITY) {
    this.#capacity = capacity;
    this.shared = new SharedArrayBuffer(HEADER_BYTES + capacity * RECORD_BYTES);
    this.#words = new Int32Array(this.shared);
    this.#doubles = new Float64Array(this.shared);
  }

  /** Records a transfer: queued to be sent, or its first bytes arrived. Its number is for done(). */
  begin(way: Way, peer: number, channel: number, sequence: number, bytes: number): number {
    const index = this.#begun % this.#capacity;
    const word = HEADER_BYTES / 4 + index * WORDS;
    const double = HEADER_BYTES / 8 + index * DOUBLES + 3;
    const words = this.#words;
    Atomics.store(words, word, 0);
    words[word + 1] = way;
    words[word + 2] = peer;
    words[word + 3] = channel;
    words[word + 4] = sequence;
    this.#doubles[double] = bytes;
    this.#doubles[double + 1] = performance.timeOrigin + performance.now();
    this.#doubles[double + 2] = 0;
    this.#begun++;
    Atomics.store(words, word, this.#begun);
    Atomics.store(words, 0, this.#begun);
    return this.#begun;
  }

  /** The transfer was sent, or has arrived; nothing where its record was overwritten by a later one. */
  done(number: number): void {
    const index = (number - 1) % this.#capacity;
    if (this.#words[HEADER_BYTES / 4 + index * WORDS] !== (number | 0)) return;
    this.#doubles[HEADER_BYTES / 8 + index * DOUBLES + 5] = performance.timeOrigin + performance.now();
  }
}

export interface Flight {
  readonly number: number;
  readonly way: "out" | "in";
  readonly peer: number;
  readonly channel: number;
  readonly sequence: number;
  readonly bytes: number;
  /** Queued, or first bytes arrived. */
  readonly begun: string;
  /** Sent, or arrived whole; null: not yet. */
  readonly done: string | null;
}

/** What the ring holds now, oldest first; records that are just being written are left out. */
export function readFlights(shared: SharedArrayBuffer): Flight[] {
  const words = new Int32Array(shared);
  const doubles = new Float64Array(shared);
  const capacity = (shared.byteLength - HEADER_BYTES) / RECORD_BYTES;
  const flights: Flight[] = [];
  for (let index = 0; index < capacity; index++) {
    const word = HEADER_BYTES / 4 + index * WORDS;
    const double = HEADER_BYTES / 8 + index * DOUBLES + 3;
    const number = Atomics.load(words, word);
    if (number === 0) continue;
    const [, way, peer, channel, sequence] = words.subarray(word, word + 5);
    const [bytes, begun, done] = doubles.subarray(double, double + 3);
    if (Atomics.load(words, word) !== number) continue;
    flights.push({
      ...{ number: number >>> 0, way: way === OUT ? "out" : "in", peer },
      ...{ channel: channel >>> 0, sequence: sequence >>> 0, bytes },
      begun: new Date(begun).toISOString(),
      done: done === 0 ? null : new Date(done).toISOString(),
    });
  }
  return flights.sort((one, other) => one.number - other.number);
}

/** The same as lines of JSON, to be left on the disk. */
export function flightLines(shared: SharedArrayBuffer): string {
  return readFlights(shared)
    .map((flight) => `${JSON.stringify(flight)}\n`)
    .join("");
}
