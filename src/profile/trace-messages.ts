/** The messages of a trace, each put together from what its sender and its receiver have recorded of it. */
import { arrowId, LANES, type TraceDocument, type TraceEvent } from "./chrome-trace.ts";

/** Times are µs of the monotonic clocks of the sender's host, and of the receiver's; null: not recorded there, or not so far. */
export interface TracedMessage {
  readonly id: string;
  /** What it carries, and in which step of its sender (null: not recorded there). */
  readonly transfer: number;
  readonly step: number | null;
  readonly sender: number;
  readonly receiver: number;
  readonly bytes: number;
  readonly enqueuedUs: number | null;
  /** Its first frame was made. */
  readonly sentUs: number | null;
  /** Its first frame came. */
  readonly arrivedUs: number | null;
  readonly doneUs: number | null;
}

export function messagesOf(documents: readonly TraceDocument[]): TracedMessage[] {
  const messages = new Map<string, TracedMessage>();
  for (const { lockstep, traceEvents } of documents)
    for (const event of traceEvents) {
      if (event.cat !== "link" || event.ph !== "X") continue;
      const half = halfOf(event, lockstep.process, lockstep.monotonicUs);
      const known = messages.get(half.id);
      const both = known && {
        ...known,
        ...Object.fromEntries(Object.entries(half).filter(([, value]) => value !== null)),
      };
      messages.set(half.id, both ?? half);
    }
  return [...messages.values()];
}

function halfOf({ tid, args = {} }: TraceEvent, process: number, baseUs: number): TracedMessage {
  const number = (key: string) => Number(args[key]);
  const time = (key: string) => (typeof args[key] === "number" ? number(key) + baseUs : null);
  const isOut = tid < LANES.incoming;
  const [sender, receiver] = isOut ? [process, number("peer")] : [number("peer"), process];
  return {
    id: arrowId(number("transfer"), number("sequence"), sender, receiver),
    ...{ transfer: number("transfer"), sender, receiver, bytes: number("bytes") },
    step: isOut ? number("step") : null,
    enqueuedUs: isOut ? time("enqueuedUs") : null,
    sentUs: isOut ? time("framedUs") : null,
    arrivedUs: isOut ? null : time("arrivedUs"),
    doneUs: isOut ? null : time("doneUs"),
  };
}

/**
 * When each transfer of each step was made, on the messages' clock, by madeKey: when its sender had enqueued
 * it. What all processes add is made when the last of them begins to send.
 */
export function madeTimes(messages: readonly TracedMessage[]): Map<string, number> {
  const bySender = new Map<string, Map<number, number>>();
  for (const { transfer, step, sender, enqueuedUs } of messages) {
    if (step === null || enqueuedUs === null) continue;
    const key = madeKey(transfer, step);
    const own = bySender.get(key) ?? new Map<number, number>();
    bySender.set(key, own);
    own.set(sender, Math.min(own.get(sender) ?? Number.POSITIVE_INFINITY, enqueuedUs));
  }
  return new Map([...bySender].map(([key, own]) => [key, Math.max(...own.values())]));
}

export const madeKey = (transfer: unknown, step: unknown): string => `${transfer} ${step}`;
