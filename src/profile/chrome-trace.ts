/**
 * The Chrome Trace Event form of a rank's trace, with a header like that of PyTorch's profiler: what Perfetto, speedscope and
 * chrome://tracing open.
 *
 * Sources: "Trace Event Format" (Google, 2016) for `traceEvents`; pytorch/kineto, output_json.cpp, for the header's words.
 */
import { gzipSync } from "node:zlib";

/** Raised with every change of what `lockstep` in the header, or the arguments of events, mean. */
export const TRACE_FORMAT = 1;

/**
 * X: something that took time · M: what a process or thread is called · s, f: an arrow from one to another X.
 * `ts` and `dur` are µs; `pid` is the process's number in the job, `tid` the rank's, or one of LANES.
 */
export interface TraceEvent {
  readonly ph: "X" | "M" | "s" | "f";
  readonly name: string;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  /** Of an arrow: both ends have the same. */
  readonly id?: string;
  /** "e": the arrow ends at the X around it, not at the next one. */
  readonly bp?: "e";
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Threads that are no ranks: more than any rank's number. */
export const LANES = { main: 1000, outgoing: 2000, incoming: 3000 } as const;

/** What the trace is of, in our own words. */
export interface TraceHeader {
  readonly format: typeof TRACE_FORMAT;
  readonly version: string;
  readonly node: string;
  readonly v8: string;
  /** As the user spells it, and what the machine calls itself. */
  readonly host: string;
  readonly machine: string;
  /** Of the machine since it started: processes with the same share a clock. */
  readonly boot: string;
  readonly process: number;
  readonly processes: number;
  readonly pid: number;
  readonly rank: number;
  readonly ranks: number;
  /** The first rank of the process: its trace has the main thread and the links, too. */
  readonly firstRank: number;
  readonly coordinate: Readonly<Record<"dp" | "tp" | "pp", number>>;
  readonly engine: string;
  readonly batch: number;
  /** Steps that were to be traced; fewer are there if the run ended before. */
  readonly steps: readonly [first: number, last: number];
  /** How the run ended: a status of status.json. */
  readonly status: string;
  /** What ts 0 is on the host's monotonic clock, µs. */
  readonly monotonicUs: number;
  /** What a loop of nothing but multiply-adds reached on one core of this host, when training was over. */
  readonly peakGflops: number;
  /** Transfers and actions of the main thread for which there was no room. */
  readonly dropped: number;
}

export interface TraceDocument {
  readonly schemaVersion: 1;
  readonly deviceProperties: readonly Readonly<Record<string, unknown>>[];
  readonly distributedInfo: {
    readonly backend: string;
    readonly rank: number;
    readonly world_size: number;
  };
  readonly displayTimeUnit: "ms" | "ns";
  /** What ts 0 is, since 1970, as the host's clock had it at the end of the run. */
  readonly baseTimeNanoseconds: number;
  readonly lockstep: TraceHeader;
  readonly traceEvents: readonly TraceEvent[];
}

/** Nanoseconds are as fine as the clock. */
export const roundUs = (us: number): number => Math.round(us * 1000) / 1000;

/**
 * When an event begins and how long it takes: rounded so that what follows begins where it ends, and what is
 * inside stays inside.
 */
export function spanUs(fromUs: number, toUs: number): { ts: number; dur: number } {
  const ts = roundUs(fromUs);
  return { ts, dur: roundUs(roundUs(toUs) - ts) };
}

/** The arrow of a message: by transfer and step, from whom to whom. */
export const arrowId = (channel: number, sequence: number, sender: number, receiver: number): string =>
  `${channel}.${sequence}.${sender}.${receiver}`;

/** The same event `us` later, also what its arguments have of times. */
export function shifted(event: TraceEvent, us: number): TraceEvent {
  const args = Object.entries(event.args ?? {}).map(([key, value]) => {
    return [key, key.endsWith("Us") && typeof value === "number" ? roundUs(value + us) : value];
  });
  return {
    ...event,
    ...(event.ts !== undefined && { ts: roundUs(event.ts + us) }),
    ...(event.args && { args: Object.fromEntries(args) }),
  };
}

/** What a file of one rank's trace has, and one of several. */
type Packed = Omit<TraceDocument, "lockstep" | "distributedInfo"> &
  Readonly<Record<"lockstep" | "distributedInfo", object>>;

/** A file of it: an event a line, so that it can be read, and searched, without a viewer. */
export function packTrace({ traceEvents, ...header }: Packed): Uint8Array {
  const head = JSON.stringify(header, null, 1).slice(0, -2);
  const events = traceEvents.map((event) => JSON.stringify(event)).join(",\n");
  return gzipSync(`${head},\n "traceEvents": [\n${events}\n]}\n`);
}
