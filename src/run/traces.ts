/** Finds and reads the traces that a run has left: whole ones, of this version, of one run. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { InputError } from "../base/errors.ts";
import { readError } from "../base/file-error.ts";
import { TRACE_FORMAT, type TraceDocument } from "../profile/chrome-trace.ts";
import { findRunFolder } from "./open.ts";
import { isAlive, readStatus } from "./status.ts";
import { traceRank } from "./trace-name.ts";

/** More, and Node makes no string of it. */
const LONGEST_BYTES = 2 ** 29 - 2 ** 10;
const AGAIN = "train it again with --trace";

export interface RunTraces {
  /** Of the traces. */
  readonly folder: string;
  /** By rank. */
  readonly documents: readonly TraceDocument[];
  /** Ranks of the run without a trace. */
  readonly missing: readonly number[];
}

/** Throws an InputError that says what is there instead, and what to do. */
export function readTraces(path: string): RunTraces {
  const run = findRunFolder(path);
  const folder = join(run, "trace");
  const names = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => traceRank(name) !== null);
  if (names.length === 0) throw noTrace(path, run);
  const documents = names.sort().map((name) => readTrace(join(folder, name)));
  const { ranks } = documents[0].lockstep;
  const odd = documents.findIndex(
    ({ lockstep }, index) => lockstep.ranks !== ranks || lockstep.rank !== traceRank(names[index]),
  );
  if (odd >= 0)
    throw new InputError(
      "bad-trace",
      `${join(folder, names[odd])} is of another run, or of another rank, than its name says`,
      `remove it, or ${AGAIN}`,
    );
  const there = new Set(documents.map(({ lockstep }) => lockstep.rank));
  const missing = Array.from({ length: ranks }, (_, rank) => rank).filter((rank) => !there.has(rank));
  return { folder, documents, missing };
}

function noTrace(path: string, run: string): InputError {
  const status = readStatus(run);
  if (status !== null && isAlive(status)) {
    const { pid } = status.process;
    return new InputError(
      "no-trace",
      `${path} has no trace yet: it is being trained by process ${pid}, and traces are written at the end`,
      "wait for it; it will have one if it was started with --trace",
    );
  }
  const how =
    status === null
      ? "it has no status.json either"
      : `its status is ${status.status === "running" ? "running, but nobody trains it" : status.status}`;
  return new InputError("no-trace", `${path} has no trace: ${how}`, AGAIN);
}

/** Throws an InputError for a file that is damaged, cut short, or of another version. */
export function readTrace(path: string): TraceDocument {
  const document = parsed(path, bytesOf(path));
  const found = (document as Partial<TraceDocument> | null)?.lockstep;
  if (typeof found?.format === "number" && found.format !== TRACE_FORMAT)
    throw new InputError(
      "other-version",
      `${path} was written by Lockstep ${found.version}, whose traces have format ${found.format}; this one reads ${TRACE_FORMAT}`,
      `use that version, or ${AGAIN}`,
    );
  if (!isDocument(document)) throw damaged(path, "it is no trace of Lockstep");
  return document;
}

function bytesOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw readError(path, thrown);
  }
}

function parsed(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(gunzipSync(bytes, { maxOutputLength: LONGEST_BYTES }).toString("utf8"));
  } catch (thrown) {
    throw damaged(path, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

function damaged(path: string, why: string, cause?: unknown): InputError {
  return new InputError("bad-trace", `${path} is damaged, or only half-written: ${why}`, AGAIN, cause);
}

const HEADER_NUMBERS = ["process", "processes", "rank", "ranks", "firstRank", "monotonicUs", "peakGflops"];

function isDocument(value: unknown): value is TraceDocument {
  const { lockstep, traceEvents, distributedInfo, baseTimeNanoseconds } = (value ?? {}) as Record<
    string,
    unknown
  >;
  if (!isObject(lockstep) || !isObject(distributedInfo) || !Array.isArray(traceEvents)) return false;
  if (typeof lockstep.boot !== "string" || typeof lockstep.host !== "string") return false;
  if (![baseTimeNanoseconds, ...HEADER_NUMBERS.map((key) => lockstep[key])].every(Number.isFinite))
    return false;
  return traceEvents.every((event) => isObject(event) && (event.ph !== "X" || isSlice(event)));
}

const isSlice = ({ ts, dur, tid, name, args }: Record<string, unknown>): boolean =>
  Number.isFinite(ts) &&
  Number.isFinite(dur) &&
  Number.isFinite(tid) &&
  typeof name === "string" &&
  isObject(args);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
