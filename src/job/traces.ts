/** Writes what a job has recorded of its steps: a file for each rank of this process. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically, writeFully } from "../base/atomic-file.ts";
import type { Settings } from "../base/config.ts";
import { LockstepError } from "../base/errors.ts";
import { writeError } from "../base/file-error.ts";
import { probeGflops } from "../kernels/probe.ts";
import {
  packTrace,
  roundUs,
  TRACE_FORMAT,
  type TraceDocument,
  type TraceEvent,
} from "../profile/chrome-trace.ts";
import { monotonicOffsetMs } from "../profile/monotonic.ts";
import { firstRankOf, processCount, type World, worldRank, worldRanks } from "../program/world.ts";
import type { Session } from "../rank/session.ts";
import { stepEvents } from "../rank/trace-events.ts";
import { machineFacts } from "../run/environment.ts";
import { traceName } from "../run/trace-name.ts";
import type { Observer, TraceOptions } from "./options.ts";

export interface RecordedJob {
  readonly session: Session;
  readonly settings: Pick<Settings, "batch" | "layout">;
  /** How it ended: a status of status.json. */
  readonly status: string;
}

/** When the ranks are gone. What cannot be written is warned of, once: no run is lost for its trace. */
export function writeTraces(job: RecordedJob, { folder }: TraceOptions, observer: Observer = {}): void {
  const { trace, world } = job.session;
  if (trace === null) return;
  try {
    const documents = documentsOf(job);
    const { first, last } = trace.window;
    if (documents.length === 0)
      observer.warning?.(`there is no trace: the run ended before step ${first} (of ${first}:${last})`);
    else makeFolder(folder);
    for (const [rank, document] of documents.entries()) {
      const path = join(folder, traceName(worldRank(world, rank)));
      writeAtomically(path, (descriptor) => writeFully(descriptor, packTrace(document)));
      observer.trace?.(path);
    }
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    observer.warning?.(`the trace is not there, or not whole: ${thrown.message}; ${thrown.fix}`);
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (thrown) {
    throw writeError(folder, thrown);
  }
}

/** A document for each rank; none if no step was recorded. */
function documentsOf(job: RecordedJob): TraceDocument[] {
  const { session, settings } = job;
  const { trace, layout, world } = session;
  if (trace === null) return [];
  const traced = { layout, world, batch: settings.batch };
  const events = trace.rings.map((ring, rank) => stepEvents(traced, rank, ring));
  if (events.every(({ length }) => length === 0)) return [];
  const facts = processFacts(job);
  return events.map((own, rank) => documentOf(job, facts, rank, own));
}

type ProcessFacts = ReturnType<typeof processFacts>;

/** What the traces of all ranks of a process have alike. */
function processFacts({ session }: RecordedJob) {
  const { lockstep, node, machine, cpu } = machineFacts();
  return {
    ...{ lockstep, node, machine, cpu, boot: bootOf(machine) },
    peakGflops: Math.round(10 * probeGflops(session.compiled.engine)) / 10,
    /** From the monotonic clock to that of the world, ms. */
    toWallMs: performance.timeOrigin - monotonicOffsetMs(),
  };
}

function documentOf(
  { session, settings, status }: RecordedJob,
  { lockstep, node, machine, cpu, boot, peakGflops, toWallMs }: ProcessFacts,
  localRank: number,
  events: readonly TraceEvent[],
): TraceDocument {
  const { world, trace, compiled } = session;
  const { first, last } = trace?.window ?? { first: 0, last: 0 };
  const rank = worldRank(world, localRank);
  const ranks = worldRanks(world);
  const baseUs = Math.floor(events.reduce((least, { ts }) => Math.min(least, ts ?? least), Infinity));
  const monotonicUs = Number.isFinite(baseUs) ? baseUs : 0;
  const host = world.hosts?.[world.self] ?? "localhost";
  return {
    schemaVersion: 1,
    deviceProperties: [{ id: rank, name: cpu, type: "CPU core", peakGflops }],
    distributedInfo: {
      backend: processCount(world) > 1 ? "nanomsg" : "shared memory",
      ...{ rank, world_size: ranks },
    },
    displayTimeUnit: "ns",
    baseTimeNanoseconds: Math.round((monotonicUs / 1000 + toWallMs) * 1e6),
    lockstep: {
      ...{ format: TRACE_FORMAT, version: lockstep, node, v8: process.versions.v8, host, machine, boot },
      ...{ process: world.self, processes: processCount(world), pid: process.pid, rank, ranks },
      firstRank: firstRankOf(world, world.self),
      coordinate: coordinateOf(rank, settings.layout),
      ...{ engine: compiled.engine, batch: settings.batch, steps: [first, last], status },
      ...{ monotonicUs, peakGflops, dropped: 0 },
    },
    traceEvents: [...names(world, rank, host), ...events.map((event) => shifted(event, monotonicUs))],
  };
}

/** Ranks are counted through tp first, then dp, then pp. */
function coordinateOf(rank: number, { dp, tp }: Settings["layout"]): Record<"dp" | "tp" | "pp", number> {
  return { dp: Math.floor(rank / tp) % dp, tp: rank % tp, pp: Math.floor(rank / (tp * dp)) };
}

function shifted(event: TraceEvent, baseUs: number): TraceEvent {
  return event.ts === undefined ? event : { ...event, ts: roundUs(event.ts - baseUs) };
}

function names({ self: pid }: World, rank: number, host: string): TraceEvent[] {
  const called = (name: string, tid: number, args: TraceEvent["args"]): TraceEvent => {
    return { ph: "M", name, pid, tid, args };
  };
  return [
    called("process_name", rank, { name: `process ${pid} on ${host}` }),
    called("process_sort_index", rank, { sort_index: pid }),
    called("thread_name", rank, { name: `rank ${rank}` }),
    called("thread_sort_index", rank, { sort_index: rank }),
  ];
}

/** What tells apart clocks that are not the same: machines, and the times that they were started. */
function bootOf(machine: string): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return machine;
  }
}
