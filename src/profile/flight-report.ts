/** What a flight recorder holds, on the disk: for people and programs that ask what a run was at when it ended. */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { FIRST_DOUBLE, HEADER_BYTES, OUT, RECORD_BYTES } from "./flight-recorder.ts";

/** From here on, channels are of messages by which links are measured: no run has so many of its own. */
export const MEASURING_CHANNELS = 0xffff_0000;

/** Plain data: another thread can have it. */
export interface FlightLog {
  readonly shared: SharedArrayBuffer;
  readonly process: number;
  /** "process 1 (host b)" */
  readonly name: string;
  /** What is sent in the run, by channel. */
  readonly operations: readonly string[];
}

export interface Flight {
  readonly number: number;
  readonly way: "out" | "in";
  readonly peer: number;
  readonly step: number;
  readonly channel: number;
  /** For the how manieth time it is sent. */
  readonly sequence: number;
  readonly bytes: number;
  /** flight-recorder.ts has what they mean; null: not so far. */
  readonly begun: string | null;
  readonly moving: string | null;
  readonly done: string | null;
}

/** As it is written down. */
export interface WrittenFlight extends Flight {
  readonly what: string;
}

/** A record as it stands in the ring: times are ms since 1970, 0 until it is so far. */
export interface FlightTimes extends Omit<Flight, "begun" | "moving" | "done"> {
  readonly begunMs: number;
  readonly movingMs: number;
  readonly doneMs: number;
}

/** What the ring holds now, oldest first; records that are just being written are left out. */
export function readFlightTimes(shared: SharedArrayBuffer): FlightTimes[] {
  const words = new Int32Array(shared);
  const doubles = new Float64Array(shared);
  const flights: FlightTimes[] = [];
  for (let first = HEADER_BYTES; first < shared.byteLength; first += RECORD_BYTES) {
    const word = first / 4;
    const double = first / 8 + FIRST_DOUBLE;
    const number = Atomics.load(words, word);
    if (number === 0) continue;
    const [, way, peer, channel, sequence, step] = words.subarray(word, word + 6);
    const [bytes, begunMs, movingMs, doneMs] = doubles.subarray(double, double + 4);
    if (Atomics.load(words, word) !== number) continue;
    flights.push({
      ...{ number: number >>> 0, way: way === OUT ? "out" : "in", peer, step },
      ...{ channel: channel >>> 0, sequence: sequence >>> 0, bytes, begunMs, movingMs, doneMs },
    });
  }
  return flights.sort((one, other) => one.number - other.number);
}

/** The same for people. */
export function readFlights(shared: SharedArrayBuffer): Flight[] {
  return readFlightTimes(shared).map(({ begunMs, movingMs, doneMs, ...flight }) => {
    return { ...flight, begun: timeOf(begunMs), moving: timeOf(movingMs), done: timeOf(doneMs) };
  });
}

const timeOf = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());

/** Writes one object of JSON, a flight a line, whole or not at all. Throws what the disk refuses. */
export function writeFlights(path: string, log: FlightLog, why: string): void {
  const { shared, process, name, operations } = log;
  const head = { process, name, why, writtenAt: new Date().toISOString() };
  const whatOf = (channel: number) =>
    channel >= MEASURING_CHANNELS
      ? "measuring of the links"
      : (operations[channel] ?? `unknown channel ${channel}`);
  const written = (flight: Flight): WrittenFlight => ({ ...flight, what: whatOf(flight.channel) });
  const flights = readFlights(shared).map((flight) => JSON.stringify(written(flight)));
  const beside = `${path}.tmp`;
  const file = openSync(beside, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify(head).slice(0, -1)},"flights":[\n${flights.join(",\n")}\n]}\n`);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}
