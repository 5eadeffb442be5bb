/** Who came last where ranks wait for each other, and by how much; and who holds the others up. */
import { type Arrival, meetingsOf } from "./trace-meetings.ts";
import type { Timeline } from "./trace-timeline.ts";

export interface Arrivals {
  readonly rank: number;
  /** That it came to, and that it was the last to come to. */
  readonly meetings: number;
  readonly last: number;
  /** By how much later than the one before it, in all its last arrivals together. */
  readonly laterUs: number;
  /** Of that: what it had more to do than the one before it, which is nobody's fault. Told of stages and processes alone. */
  readonly workUs: number;
}

export function arrivalsOf({ ranks }: Timeline): Arrivals[] {
  const meetings = meetingsOf(ranks);
  return ranks.map(({ header: { rank } }) => {
    const own = meetings.filter((meeting) => meeting.has(rank));
    const lasts = own.map(([...arrivals]) => arrivals).filter((arrivals) => lastOf(arrivals)[0] === rank);
    const later = lasts.map(laterBy);
    const sum = (key: keyof Arrival) => later.reduce((total, each) => total + each[key], 0);
    return { rank, meetings: own.length, last: lasts.length, laterUs: sum("us"), workUs: sum("workUs") };
  });
}

type Arrived = readonly [rank: number, arrival: Arrival];

const lastOf = (arrivals: readonly Arrived[]): Arrived =>
  arrivals.reduce((last, arrival) => (arrival[1].us > last[1].us ? arrival : last));

/** How much later the last one came than the one before it, and for how much of that it had more to do. */
function laterBy(arrivals: readonly Arrived[]): Arrival {
  const last = lastOf(arrivals);
  const [, before] = lastOf(arrivals.filter((arrival) => arrival !== last));
  const us = last[1].us - before.us;
  return { us, workUs: Math.min(us, Math.max(0, last[1].workUs - before.workUs)) };
}

/**
 * Who holds the others up, if they wait for it for longer than for anybody else by more than a twentieth of `totalUs`; null: nobody
 * does. On a busy machine now one rank is late and now another, which is no rank's fault.
 */
export const stragglerOf = (arrivals: readonly Arrivals[], totalUs: number): Arrivals | null =>
  mostOf(arrivals, totalUs, ({ laterUs, workUs }) => laterUs - workUs);

/** Who holds the others up by having the most to do, likewise. */
export const busiestOf = (arrivals: readonly Arrivals[], totalUs: number): Arrivals | null =>
  mostOf(arrivals, totalUs, ({ workUs }) => workUs);

function mostOf(
  arrivals: readonly Arrivals[],
  totalUs: number,
  usOf: (arrivals: Arrivals) => number,
): Arrivals | null {
  const [most, next] = arrivals.toSorted((one, other) => usOf(other) - usOf(one));
  if (most === undefined || next === undefined) return null;
  return usOf(most) - usOf(next) > totalUs / 20 ? most : null;
}
