/**
 * What a rank's time went to, from the beginning of its first traced step to the end of its last:
 *
 *     compute                  kernels, with nothing on its way to or from the process
 *     overlappedCommunication  kernels, while a message is on its way: from where it was enqueued to where it was in its place
 *     exposedCommunication     waiting for transfers that are on their way, or to leave, and telling of them
 *     bubble                   waiting at barriers and gates, and for transfers that their sender has not made yet
 *     data                     gathering samples
 *     idle                     between steps
 *
 * Each moment counts once, so the shares add up. (Overlap as in Meta's Holistic Trace Analysis: by merged intervals.)
 */
import type { TraceEvent } from "./chrome-trace.ts";
import { madeKey, madeTimes } from "./trace-messages.ts";
import type { RankTimeline, Timeline } from "./trace-timeline.ts";

export const SHARES = [
  "compute",
  "exposedCommunication",
  "overlappedCommunication",
  "bubble",
  "data",
  "idle",
] as const;
export type ShareName = (typeof SHARES)[number];
/** Per cent. */
export type Shares = Readonly<Record<ShareName, number>>;

export interface RankShares {
  readonly rank: number;
  /** Traced steps, and the mean time from the beginning of one to that of the next. */
  readonly steps: number;
  readonly stepUs: number;
  readonly share: Shares;
}

type Interval = readonly [fromUs: number, toUs: number];

export function sharesOf(timeline: Timeline): RankShares[] {
  const made = madeTimes(timeline.messages);
  return timeline.ranks.map((own) => sharesOfRank(own, busyOf(timeline, own.header.process), made));
}

/** When messages were on their way to or from a process: as intervals of the common clock that do not touch, in order. */
function busyOf({ messages }: Timeline, process: number): Interval[] {
  const own = messages.filter(({ sender, receiver }) => sender === process || receiver === process);
  return merged(
    own.map(({ enqueuedUs, sentUs, arrivedUs, doneUs }): Interval => {
      const times = [enqueuedUs, sentUs, arrivedUs, doneUs].filter((us) => us !== null);
      return [Math.min(...times), Math.max(...times)];
    }),
  );
}

export function merged(intervals: readonly Interval[]): Interval[] {
  const found: Interval[] = [];
  for (const [from, to] of intervals.toSorted(([one], [other]) => one - other)) {
    const last = found.at(-1);
    if (last === undefined || from > last[1]) found.push([from, to]);
    else if (to > last[1]) found[found.length - 1] = [last[0], to];
  }
  return found;
}

function sharesOfRank(
  { header, shiftUs, steps, instructions }: RankTimeline,
  busy: readonly Interval[],
  made: ReadonlyMap<string, number>,
): RankShares {
  const us: Record<ShareName, number> = {
    ...{ compute: 0, exposedCommunication: 0, overlappedCommunication: 0, bubble: 0, data: 0, idle: 0 },
  };
  let next = 0;
  for (const instruction of instructions) {
    const { cat, ts = 0, dur = 0 } = instruction;
    const from = ts + shiftUs;
    while (next < busy.length && busy[next][1] <= from) next++;
    const overlapped = overlapOf([from, from + dur], busy, next);
    if (cat === "transfer") {
      const unmade = unmadeUs(instruction, shiftUs, made);
      us.bubble += unmade;
      us.exposedCommunication += dur - unmade;
    } else if (cat === "barrier" || cat === "gate") us.bubble += dur;
    else if (cat === "data") us.data += dur;
    else {
      us.overlappedCommunication += overlapped;
      us.compute += dur - overlapped;
    }
  }
  const [first, last] = [steps[0], steps[steps.length - 1]];
  const totalUs = first && last ? (last.ts ?? 0) + (last.dur ?? 0) - (first.ts ?? 0) : 0;
  us.idle = Math.max(0, totalUs - instructions.reduce((sum, { dur = 0 }) => sum + dur, 0));
  const entries = SHARES.map((name) => [name, totalUs > 0 ? (100 * us[name]) / totalUs : 0]);
  return {
    rank: header.rank,
    steps: steps.length,
    stepUs: steps.length > 0 ? totalUs / steps.length : 0,
    share: Object.fromEntries(entries) as Shares,
  };
}

/** How much of a wait for a transfer was over before that was made; 0 where nobody knows. */
function unmadeUs(
  { name, ts = 0, dur = 0, args = {} }: TraceEvent,
  shiftUs: number,
  made: ReadonlyMap<string, number>,
): number {
  const madeUs = name === "wait" ? made.get(madeKey(args.transfer, args.step)) : undefined;
  return madeUs === undefined ? 0 : Math.min(dur, Math.max(0, madeUs - (ts + shiftUs)));
}

/** How much of an interval falls into those of `busy`, of which the ones before `first` end earlier. */
function overlapOf([from, to]: Interval, busy: readonly Interval[], first: number): number {
  let sum = 0;
  for (let index = first; index < busy.length && busy[index][0] < to; index++)
    sum += Math.min(to, busy[index][1]) - Math.max(from, busy[index][0]);
  return sum;
}
