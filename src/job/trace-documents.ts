/** From what a job has recorded to the traces of its ranks, each with a header that says what it is of. */
import { readFileSync } from "node:fs";
import type { Settings } from "../base/config.ts";
import { probeGflops } from "../kernels/probe.ts";
import { shifted, TRACE_FORMAT, type TraceDocument, type TraceEvent } from "../profile/chrome-trace.ts";
import { KEPT_CAPACITY } from "../profile/flight-recorder.ts";
import { readFlightTimes } from "../profile/flight-report.ts";
import { monotonicOffsetMs } from "../profile/monotonic.ts";
import { firstRankOf, processCount, type World, worldRank, worldRanks } from "../program/world.ts";
import type { Session } from "../rank/session.ts";
import type { SessionTrace } from "../rank/session-trace.ts";
import { stepEvents, type Traced } from "../rank/trace-events.ts";
import { laneNames, linkEvents, spanEvents } from "../rank/trace-links.ts";
import { machineFacts } from "../run/environment.ts";

export interface RecordedJob {
  readonly session: Session;
  readonly settings: Pick<Settings, "batch" | "layout">;
  /** How it ended: a status of status.json. */
  readonly status: string;
}

/** What the traces of all ranks of a process have alike. */
interface ProcessFacts extends ReturnType<typeof machineFacts> {
  readonly boot: string;
  readonly peakGflops: number;
  /** This thread's performance.now() and this make the host's monotonic clock, ms. */
  readonly offsetMs: number;
  /** What ts 0 is on that clock, µs: before all that was recorded. */
  readonly monotonicUs: number;
  /** For which there was no room. */
  readonly dropped: number;
}

/** A document for each rank; none if no step was recorded. On the main thread, when the ranks are gone. */
export function documentsOf(job: RecordedJob, trace: SessionTrace): TraceDocument[] {
  const { session, settings } = job;
  const traced = { layout: session.layout, world: session.world, batch: settings.batch };
  const steps = trace.rings.map((ring, rank) => stepEvents(traced, rank, ring));
  const begunUs = firstTs(steps.flat());
  if (begunUs === null) return [];
  const offsetMs = monotonicOffsetMs();
  const process = processEvents(traced, trace, offsetMs, begunUs);
  const facts: ProcessFacts = {
    ...machineFacts(),
    boot: bootId(),
    peakGflops: Math.round(10 * probeGflops(session.compiled.engine)) / 10,
    offsetMs,
    monotonicUs: Math.floor(Math.min(begunUs, firstTs(process.events) ?? begunUs)),
    dropped: process.dropped,
  };
  return steps.map((own, rank) => {
    const events = rank === 0 ? [...own, ...process.events] : own;
    const named = [...names(session.world, rank), ...laneNames(traced, events)];
    const traceEvents = [...named, ...events.map((event) => shifted(event, -facts.monotonicUs))];
    return { ...headerOf(job, trace, facts, rank), traceEvents };
  });
}

function firstTs(events: readonly TraceEvent[]): number | null {
  let first = Number.POSITIVE_INFINITY;
  for (const { ts } of events) if (ts !== undefined && ts < first) first = ts;
  return Number.isFinite(first) ? first : null;
}

/** Of the main thread and the links, as far as they began after the first recorded step: what came before was no step's. */
function processEvents(traced: Traced, trace: SessionTrace, offsetMs: number, begunUs: number) {
  const kept = trace.flights?.kept ?? null;
  const all = kept === null ? [] : readFlightTimes(kept);
  const toMonotonicMs = offsetMs - performance.timeOrigin;
  const flights = all.filter(({ begunMs }) => (begunMs + toMonotonicMs) * 1000 >= begunUs);
  const spans = trace.spans.spans().filter((span) => (span.begunMs + offsetMs) * 1000 >= begunUs);
  const lost = all.length < KEPT_CAPACITY ? 0 : all[all.length - 1].number - all[0].number + 1 - all.length;
  return {
    events: [...spanEvents(traced, spans, offsetMs), ...linkEvents(traced, flights, toMonotonicMs)],
    dropped: trace.spans.dropped + lost,
  };
}

function headerOf(
  { session, settings, status }: RecordedJob,
  { window: { first, last } }: SessionTrace,
  { lockstep, node, machine, cpu, boot, peakGflops, offsetMs, monotonicUs, dropped }: ProcessFacts,
  localRank: number,
): Omit<TraceDocument, "traceEvents"> {
  const { world, compiled } = session;
  const rank = worldRank(world, localRank);
  const ranks = worldRanks(world);
  const toWallMs = performance.timeOrigin - offsetMs;
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
      ...{ format: TRACE_FORMAT, version: lockstep, node, v8: process.versions.v8 },
      ...{ host: hostOf(world), machine, boot },
      ...{ process: world.self, processes: processCount(world), pid: process.pid, rank, ranks },
      firstRank: firstRankOf(world, world.self),
      coordinate: coordinateOf(rank, settings.layout),
      ...{ engine: compiled.engine, batch: settings.batch, steps: [first, last], status },
      ...{ monotonicUs, peakGflops, dropped },
    },
  };
}

const hostOf = ({ hosts, self }: World): string => hosts?.[self] ?? "localhost";

/** Ranks are counted through tp first, then dp, then pp. */
function coordinateOf(rank: number, { dp, tp }: Settings["layout"]): Record<"dp" | "tp" | "pp", number> {
  return { dp: Math.floor(rank / tp) % dp, tp: rank % tp, pp: Math.floor(rank / (tp * dp)) };
}

function names(world: World, localRank: number): TraceEvent[] {
  const rank = worldRank(world, localRank);
  const place = { ph: "M", pid: world.self, tid: rank } as const;
  return [
    { ...place, name: "process_name", args: { name: `process ${world.self} on ${hostOf(world)}` } },
    { ...place, name: "process_sort_index", args: { sort_index: world.self } },
    { ...place, name: "thread_name", args: { name: `rank ${rank}` } },
    { ...place, name: "thread_sort_index", args: { sort_index: rank } },
  ];
}

/** What tells apart clocks that are not the same: machines, and the times that they were started. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return machineFacts().machine;
  }
}
