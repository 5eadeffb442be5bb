/**
 * Who came last where ranks wait for each other, and by how much: to a barrier the ranks of a process, to an exchange, in which every
 * process sends what it has made of one thing, the ranks of all. What goes through processes or stages one after the other is no such
 * meeting: there somebody waits by design.
 */
import type { RankTimeline, Timeline } from "./trace-timeline.ts";

export interface Arrivals {
  readonly rank: number;
  /** That it came to, and that it was the last to come to. */
  readonly meetings: number;
  readonly last: number;
  /** By how much later than the one before it, in all its last arrivals together. */
  readonly laterUs: number;
}

/** When each rank came to a meeting, on the common clock. */
type Meeting = Map<number, number>;

export function arrivalsOf({ ranks }: Timeline): Arrivals[] {
  const meetings = [...barriers(ranks), ...exchanges(ranks)];
  return ranks.map(({ header: { rank } }) => {
    const own = meetings.filter((meeting) => meeting.has(rank));
    const lasts = own.map(([...arrivals]) => arrivals).filter((arrivals) => lastOf(arrivals)[0] === rank);
    const laterUs = lasts.reduce((sum, arrivals) => sum + laterBy(arrivals), 0);
    return { rank, meetings: own.length, last: lasts.length, laterUs };
  });
}

type Arrived = readonly [rank: number, us: number];

const lastOf = (arrivals: readonly Arrived[]): Arrived =>
  arrivals.reduce((last, arrival) => (arrival[1] > last[1] ? arrival : last));

function laterBy(arrivals: readonly Arrived[]): number {
  const last = lastOf(arrivals);
  return last[1] - Math.max(...arrivals.filter((arrival) => arrival !== last).map(([, us]) => us));
}

/** Every rank of a process comes to all of its barriers, in one order. */
function barriers(ranks: readonly RankTimeline[]): Meeting[] {
  const found = new Map<string, Meeting>();
  const ranksOf = new Map<number, number>();
  for (const { header, shiftUs, instructions } of ranks) {
    const { rank, process } = header;
    ranksOf.set(process, (ranksOf.get(process) ?? 0) + 1);
    const met = new Map<unknown, number>();
    for (const { cat, ts = 0, args } of instructions) {
      if (cat !== "barrier") continue;
      const count = met.get(args?.step) ?? 0;
      met.set(args?.step, count + 1);
      note(found, `${process} ${args?.step} ${count}`, rank, ts + shiftUs);
    }
  }
  return [...found]
    .filter(([key, meeting]) => meeting.size > 1 && meeting.size === ranksOf.get(Number(key.split(" ")[0])))
    .map(([, meeting]) => meeting);
}

/** Of each process the rank that made the last part of what it sends. */
function exchanges(ranks: readonly RankTimeline[]): Meeting[] {
  const { processes = 1 } = ranks[0]?.header ?? {};
  if (processes === 1) return [];
  /** By thing that is sent: by process, who made the last part. */
  const found = new Map<string, Map<number, Arrived>>();
  for (const { header, shiftUs, instructions } of ranks)
    for (const { name, ts = 0, args } of instructions) {
      if (name !== "start" || args?.sender !== header.process) continue;
      const key = `${args.step} ${args.phase} ${args.of}`;
      const byProcess = found.get(key) ?? new Map<number, Arrived>();
      found.set(key, byProcess);
      // When it was made: telling of it may take long, where the main thread wants the same core.
      const us = ts + shiftUs;
      const known = byProcess.get(header.process);
      if (known === undefined || us > known[1]) byProcess.set(header.process, [header.rank, us]);
    }
  return [...found.values()]
    .filter(({ size }) => size === processes)
    .map((byProcess) => new Map(byProcess.values()));
}

function note(meetings: Map<string, Meeting>, key: string, rank: number, us: number): void {
  const meeting = meetings.get(key) ?? new Map<number, number>();
  meetings.set(key, meeting);
  meeting.set(rank, us);
}

/** Who holds the others up most, if they wait for it for more than a twentieth of `totalUs`; null: nobody does. */
export function stragglerOf(arrivals: readonly Arrivals[], totalUs: number): Arrivals | null {
  const most = arrivals.reduce<Arrivals | null>(
    (found, each) => (found === null || each.laterUs > found.laterUs ? each : found),
    null,
  );
  return most !== null && most.laterUs > totalUs / 20 ? most : null;
}
