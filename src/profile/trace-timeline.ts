/** The traces of a run on one clock: what every figure of them is made from. */
import type { TraceDocument, TraceEvent, TraceHeader } from "./chrome-trace.ts";
import { alignClocks, type HostClock } from "./trace-clocks.ts";
import { messagesOf, type TracedMessage } from "./trace-messages.ts";

export interface RankTimeline {
  readonly header: TraceHeader;
  /** What is added to ts of its events to have µs of the common clock. */
  readonly shiftUs: number;
  /** Of the rank itself, in order: on its own ts. */
  readonly steps: readonly TraceEvent[];
  readonly instructions: readonly TraceEvent[];
}

export interface Timeline {
  /** By rank. */
  readonly ranks: readonly RankTimeline[];
  readonly clocks: readonly HostClock[];
  /** Times are those of the common clock. */
  readonly messages: readonly TracedMessage[];
}

/** `documents` are of different ranks of one run. */
export function timelineOf(documents: readonly TraceDocument[]): Timeline {
  const ordered = documents.toSorted((one, other) => one.lockstep.rank - other.lockstep.rank);
  const messages = messagesOf(ordered);
  const clocks = alignClocks(ordered, messages);
  const offsetOf = new Map(clocks.map(({ boot, offsetUs }) => [boot, offsetUs]));
  const offsetOfProcess = new Map(
    ordered.map(({ lockstep: { process, boot } }) => [process, offsetOf.get(boot) ?? 0]),
  );
  const ranks = ordered.map(({ lockstep: header, traceEvents }): RankTimeline => {
    const own = traceEvents.filter(({ ph, tid }) => ph === "X" && tid === header.rank);
    return {
      header,
      shiftUs: header.monotonicUs + (offsetOf.get(header.boot) ?? 0),
      steps: own.filter(({ cat }) => cat === "step"),
      instructions: own.filter(({ cat }) => cat !== "step" && cat !== "action"),
    };
  });
  return { ranks, clocks, messages: messages.map((message) => onCommonClock(message, offsetOfProcess)) };
}

function onCommonClock(message: TracedMessage, offsetOf: ReadonlyMap<number, number>): TracedMessage {
  const { sender, receiver, enqueuedUs, sentUs, arrivedUs, doneUs } = message;
  const add = (us: number | null, process: number) =>
    us === null ? null : us + (offsetOf.get(process) ?? 0);
  return {
    ...message,
    enqueuedUs: add(enqueuedUs, sender),
    sentUs: add(sentUs, sender),
    arrivedUs: add(arrivedUs, receiver),
    doneUs: add(doneUs, receiver),
  };
}
