/** Traces drawn as pictures: a line a rank, a letter what it is at in so many µs. */
import { arrowId, LANES, type TraceDocument, type TraceEvent } from "../../src/profile/chrome-trace.ts";

/**
 * k K kernels · g gathering · b barrier · h waiting at a gate · w waiting · W waiting for transfer 0 · s
 * telling that something is made · . between steps
 */
const NAMES: Readonly<Record<string, readonly [name: string, cat: string]>> = {
  k: ["gemmNN", "forward"],
  K: ["gemmTN", "dW"],
  h: ["hold", "gate"],
  g: ["gatherBytes", "data"],
  b: ["barrier", "barrier"],
  w: ["wait", "transfer"],
  W: ["wait", "transfer"],
  s: ["start", "transfer"],
};

export interface Drawn {
  readonly rank: number;
  readonly process?: number;
  readonly ranks?: number;
  readonly processes?: number;
  /** Its steps; a space between two is time between steps, and so is a dot. */
  readonly picture: string;
  readonly boot?: string;
  /** What ts 0 is on the host's clock. */
  readonly monotonicUs?: number;
  readonly baseTimeNanoseconds?: number;
  readonly links?: readonly TraceEvent[];
}

export const LETTER_US = 10;

/** Instructions of equal letters that follow each other are one. */
export function drawn(given: Drawn): TraceDocument {
  const {
    rank,
    process = 0,
    ranks = 1,
    processes = 1,
    picture,
    boot = "a",
    monotonicUs = 0,
    links = [],
  } = given;
  const place = { ph: "X", pid: process, tid: rank } as const;
  const steps = [...picture.matchAll(/[^. ]+/g)].flatMap(({ 0: letters, index }, number): TraceEvent[] => {
    const args = { step: number + 1 };
    const span = (from: number, length: number) => ({ ts: from * LETTER_US, dur: length * LETTER_US });
    const instructions = [...letters.matchAll(/(.)\1*/g)].map((match): TraceEvent => {
      const [name, cat] = NAMES[match[1]];
      const work = match[1].toLowerCase() === "k" ? { shape: "1", flops: 1e6, bytes: 1e3 } : {};
      const what = match[1] === "W" ? { transfer: 0 } : {};
      return {
        ...place,
        name,
        cat,
        ...span(index + match.index, match[0].length),
        args: { ...args, ...work, ...what },
      };
    });
    return [
      { ...place, name: "ProfilerStep", cat: "step", ...span(index, letters.length), args },
      ...instructions,
    ];
  });
  return documentOf({ ...given, rank, process, ranks, processes, boot, monotonicUs }, [...steps, ...links]);
}

/** A trace with these events. */
export function documentOf(
  given: Omit<Drawn, "picture" | "links">,
  traceEvents: readonly TraceEvent[],
): TraceDocument {
  const { rank, process = 0, ranks = 1, processes = 1, boot = "a", monotonicUs = 0 } = given;
  return {
    schemaVersion: 1,
    deviceProperties: [],
    distributedInfo: { backend: "nanomsg", rank, world_size: ranks },
    displayTimeUnit: "ns",
    baseTimeNanoseconds: given.baseTimeNanoseconds ?? monotonicUs * 1000,
    lockstep: {
      ...{ format: 1, version: "0", node: "26", v8: "14", host: boot, machine: boot, boot },
      ...{ process, processes, pid: 1, rank, ranks, firstRank: rank },
      ...{ coordinate: { dp: rank, tp: 0, pp: 0 }, engine: "plain-128" },
      ...{ batch: 1, steps: [1, 9], status: "ok", monotonicUs, peakGflops: 200, dropped: 0 },
    },
    traceEvents,
  };
}

/** A message as its sender, or its receiver, has recorded it; times are ts. */
export function message(
  side: "out" | "in",
  [sender, receiver]: readonly [number, number],
  sequence: number,
  [begunUs, movingUs, doneUs]: readonly [number, number, number],
  step = 1,
): TraceEvent[] {
  const isOut = side === "out";
  const [self, peer] = isOut ? [sender, receiver] : [receiver, sender];
  const times = isOut
    ? { enqueuedUs: begunUs, framedUs: movingUs }
    : { arrivedUs: begunUs, placedUs: movingUs };
  const place = { cat: "link", pid: self, tid: (isOut ? LANES.outgoing : LANES.incoming) + peer };
  const arrow = { ...place, name: "message", id: arrowId(0, sequence, sender, receiver), ts: begunUs };
  const args = { transfer: 0, step, sequence, peer, bytes: 8, ...times, doneUs };
  return [
    { ph: "X", name: "x", ...place, ts: begunUs, dur: doneUs - begunUs, args },
    isOut ? { ph: "s", ...arrow } : { ph: "f", bp: "e", ...arrow },
  ];
}
