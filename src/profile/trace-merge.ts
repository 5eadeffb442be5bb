/**
 * One trace of all ranks, on one clock, with an arrow from where each message was sent to where it came, and
 * from where a gate was passed to who waited at it.
 */
import { packTrace, shifted, TRACE_FORMAT, type TraceDocument } from "./chrome-trace.ts";
import { gateArrows } from "./trace-gates.ts";
import type { Timeline } from "./trace-timeline.ts";

/** The file of it. `timeline` is that of the documents. */
export function mergeTraces(documents: readonly TraceDocument[], timeline: Timeline): Uint8Array {
  const { ranks, clocks, messages } = timeline;
  const shiftOf = new Map(ranks.map(({ header, shiftUs }) => [header.rank, shiftUs]));
  const baseUs = Math.min(...ranks.map(({ shiftUs }) => Math.floor(shiftUs)));
  const [first] = documents;
  const whole = new Set(
    messages.filter(({ sentUs, arrivedUs }) => sentUs !== null && arrivedUs !== null).map(({ id }) => id),
  );
  const early = messages.filter(
    ({ sentUs, arrivedUs }) => sentUs !== null && arrivedUs !== null && arrivedUs < sentUs,
  );
  const gates = gateArrows(timeline);
  const traceEvents = documents.flatMap(({ lockstep, traceEvents: own }) => {
    const shiftUs = (shiftOf.get(lockstep.rank) ?? 0) - baseUs;
    const shown = own.filter(({ id }) => id === undefined || whole.has(id));
    return [...shown, ...(gates.get(lockstep.rank) ?? [])].map((event) => shifted(event, shiftUs));
  });
  const { backend, world_size } = first.distributedInfo;
  return packTrace({
    schemaVersion: 1,
    deviceProperties: documents.flatMap(({ deviceProperties }) => deviceProperties),
    distributedInfo: { backend, world_size },
    displayTimeUnit: first.displayTimeUnit,
    baseTimeNanoseconds: Math.round(first.baseTimeNanoseconds + (baseUs - first.lockstep.monotonicUs) * 1000),
    lockstep: {
      ...{ format: TRACE_FORMAT, version: first.lockstep.version, status: first.lockstep.status },
      ranks: ranks.map(({ header: { rank } }) => rank),
      /** How clocks were made one, and how wrong that may be. */
      clocks,
      /** Messages that would have come before they were sent: more than none, and clocks are worse than they say. */
      messagesBeforeSent: early.length,
    },
    traceEvents,
  });
}
