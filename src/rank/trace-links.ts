/** From what a main thread and its links have recorded to the events of a trace: a lane for the thread, two for each peer. */
import { arrowId, LANES, roundUs, spanUs, type TraceEvent } from "../profile/chrome-trace.ts";
import type { FlightTimes } from "../profile/flight-report.ts";
import type { Span } from "../profile/span-ring.ts";
import { operationName } from "../program/transfers.ts";
import type { Traced } from "./trace-events.ts";

/** What a channel carries: a transfer, or what main threads compare. */
function nameOf({ layout: { transfers } }: Traced, channel: number): string {
  return channel < transfers.length ? operationName(transfers[channel]) : "fingerprint of the weights";
}

/** `offsetMs` makes the thread's performance.now() the host's monotonic clock. */
export function spanEvents(traced: Traced, spans: readonly Span[], offsetMs: number): TraceEvent[] {
  return spans.map(({ name, subject, begunMs, endedMs }) => ({
    ...{ ph: "X", name, cat: "main", pid: traced.world.self, tid: LANES.main },
    ...spanUs((begunMs + offsetMs) * 1000, (endedMs + offsetMs) * 1000),
    args: subject < 0 ? {} : { transfer: subject, of: nameOf(traced, subject) },
  }));
}

/**
 * Each message as its link was busy with it: one way of a link takes one after the other, so an event begins
 * where the message was enqueued (or its first frame arrived), or when the one before it was done. The
 * arguments have the times themselves, in µs of ts. An arrow goes from the sender's event to the receiver's.
 * `offsetMs` makes times since 1970 those of the host's monotonic clock.
 */
export function linkEvents(traced: Traced, flights: readonly FlightTimes[], offsetMs: number): TraceEvent[] {
  const lanes = new Map<number, FlightTimes[]>();
  for (const flight of flights) {
    const lane = (flight.way === "out" ? LANES.outgoing : LANES.incoming) + flight.peer;
    lanes.set(lane, [...(lanes.get(lane) ?? []), flight]);
  }
  return [...lanes].flatMap(([lane, own]) => laneEvents(traced, lane, own, offsetMs));
}

/** µs of the host's monotonic clock; null for what was not so far. */
const usOf = (ms: number, offsetMs: number): number | null =>
  ms === 0 ? null : roundUs((ms + offsetMs) * 1000);

function laneEvents(
  traced: Traced,
  tid: number,
  flights: readonly FlightTimes[],
  offsetMs: number,
): TraceEvent[] {
  const { self } = traced.world;
  const ended = ({ doneMs }: FlightTimes) => (doneMs === 0 ? Number.POSITIVE_INFINITY : doneMs);
  let freeMs = 0;
  return flights
    .toSorted((one, other) => ended(one) - ended(other) || one.number - other.number)
    .flatMap(({ way, peer, channel, sequence, step, bytes, begunMs, movingMs, doneMs }) => {
      const fromMs = Math.max(begunMs, freeMs);
      freeMs = Math.max(fromMs, doneMs);
      const name = nameOf(traced, channel);
      const [enqueuedUs, framedUs] = [begunMs, movingMs].map((ms) => usOf(ms, offsetMs));
      const times = way === "out" ? { enqueuedUs, framedUs } : { arrivedUs: enqueuedUs, placedUs: framedUs };
      const span = spanUs((fromMs + offsetMs) * 1000, (freeMs + offsetMs) * 1000);
      const place = { cat: "link", name, pid: self, tid };
      const id =
        way === "out" ? arrowId(channel, sequence, self, peer) : arrowId(channel, sequence, peer, self);
      const args = {
        transfer: channel,
        step,
        sequence,
        peer,
        bytes,
        ...times,
        doneUs: usOf(doneMs, offsetMs),
      };
      const arrow = { ...place, name: "message", id, ts: span.ts };
      return [
        { ph: "X", ...place, ...span, args },
        way === "out" ? { ph: "s", ...arrow } : { ph: "f", bp: "e", ...arrow },
      ] satisfies TraceEvent[];
    });
}

/** What the lanes of these events are called. */
export function laneNames({ world }: Traced, events: readonly TraceEvent[]): TraceEvent[] {
  const lanes = new Set(events.map(({ tid }) => tid).filter((tid) => tid >= LANES.main));
  return [...lanes].flatMap((tid): TraceEvent[] => {
    const common = { ph: "M", pid: world.self, tid } as const;
    return [
      { ...common, name: "thread_name", args: { name: laneName(tid) } },
      { ...common, name: "thread_sort_index", args: { sort_index: tid } },
    ];
  });
}

function laneName(tid: number): string {
  if (tid < LANES.outgoing) return "main thread";
  return tid < LANES.incoming ? `to process ${tid - LANES.outgoing}` : `from process ${tid - LANES.incoming}`;
}
