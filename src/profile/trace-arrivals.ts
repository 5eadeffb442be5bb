/**
 * Who came last where ranks wait for each other, and by how much: to a barrier the ranks of a process, to an exchange, in which every
 * process sends what it has made of one thing, the ranks of all. What goes through processes or stages one after the other is no such
 * meeting: there somebody waits by design.
 *
 * So the stages of a pipeline meet at the barrier after their micro-batches, each when it would have come had it waited for nobody:
 *
 *     rank 0   F0 F1 ······ W          ┃ ─▶   F0 F1 W       ┃   rank 1 is the last, by more than a half;
 *     rank 1   ·· F0 X0 F1 X1 W        ┃      F0 X0 F1 X1 W ┃   but if its stages have so much more to do, it is not slow
 */
import type { TraceEvent } from "./chrome-trace.ts";
import { type Pace, pacesOf } from "./trace-pace.ts";
import type { RankTimeline, Timeline } from "./trace-timeline.ts";

export interface Arrivals {
  readonly rank: number;
  /** That it came to, and that it was the last to come to. */
  readonly meetings: number;
  readonly last: number;
  /** By how much later than the one before it, in all its last arrivals together. */
  readonly laterUs: number;
  /** Of that: what it had more to do than the one before it, which is nobody's fault. Told of the stages of a pipeline alone. */
  readonly workUs: number;
}

/** When a rank came, on the common clock, and what its work before that takes at its peers' pace. */
interface Arrival {
  readonly us: number;
  readonly workUs: number;
}

/** By rank. */
type Meeting = Map<number, Arrival>;

export function arrivalsOf({ ranks }: Timeline): Arrivals[] {
  const meetings = [...barriers(ranks), ...exchanges(ranks)];
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

/** Every rank of a process comes to all of its barriers, in one order. */
function barriers(ranks: readonly RankTimeline[]): Meeting[] {
  const found = new Map<string, Meeting>();
  const ranksOf = new Map<number, number>();
  const paces = pacesOf(ranks);
  for (const [index, { header, shiftUs, instructions }] of ranks.entries()) {
    const { rank, process } = header;
    ranksOf.set(process, (ranksOf.get(process) ?? 0) + 1);
    const met = new Map<unknown, number>();
    const passage = new Passage(paces[index]);
    for (const instruction of instructions) {
      const { cat, ts = 0, args } = instruction;
      if (cat !== "barrier") passage.add(instruction);
      else {
        const count = met.get(args?.step) ?? 0;
        met.set(args?.step, count + 1);
        note(found, `${process} ${args?.step} ${count}`, rank, passage.end(ts + shiftUs));
      }
    }
  }
  return [...found]
    .filter(([key, meeting]) => meeting.size > 1 && meeting.size === ranksOf.get(Number(key.split(" ")[0])))
    .map(([, meeting]) => meeting);
}

const WAITS = ["wait", "drain"];

/** What a rank does from one barrier to the next; it is one of a pipeline's if it goes through gates. */
class Passage {
  readonly #pace: Pace;
  #isOfStages = false;
  #waitedUs = 0;
  #workUs = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  add(instruction: TraceEvent): void {
    const { name, cat, dur = 0 } = instruction;
    if (cat === "gate") this.#isOfStages = true;
    // To pass a gate takes long, too, where who is woken by it is given the very core.
    if (cat === "gate" || WAITS.includes(name)) this.#waitedUs += dur;
    this.#workUs += this.#pace(instruction);
  }

  /** The arrival at the barrier; the next passage begins. */
  end(us: number): Arrival {
    const arrival = { us: us - this.#waitedUs, workUs: this.#workUs };
    [this.#waitedUs, this.#workUs] = [0, 0];
    return this.#isOfStages ? arrival : { us, workUs: 0 };
  }
}

/** Of each process the rank that made the last part of what it sends. */
function exchanges(ranks: readonly RankTimeline[]): Meeting[] {
  const { processes = 1 } = ranks[0]?.header ?? {};
  if (processes === 1) return [];
  /** By thing that is sent: by process, who made the last part. */
  const found = new Map<string, Map<number, readonly [rank: number, us: number]>>();
  for (const { header, shiftUs, instructions } of ranks)
    for (const { name, ts = 0, args } of instructions) {
      if (name !== "start" || args?.sender !== header.process) continue;
      const key = `${args.step} ${args.phase} ${args.of}`;
      const byProcess = found.get(key) ?? new Map<number, readonly [rank: number, us: number]>();
      found.set(key, byProcess);
      // When it was made: telling of it may take long, where the main thread wants the same core.
      const us = ts + shiftUs;
      const known = byProcess.get(header.process);
      if (known === undefined || us > known[1]) byProcess.set(header.process, [header.rank, us]);
    }
  return [...found.values()]
    .filter(({ size }) => size === processes)
    .map((byProcess) => new Map([...byProcess.values()].map(([rank, us]) => [rank, { us, workUs: 0 }])));
}

function note(meetings: Map<string, Meeting>, key: string, rank: number, arrival: Arrival): void {
  const meeting = meetings.get(key) ?? new Map<number, Arrival>();
  meetings.set(key, meeting);
  meeting.set(rank, arrival);
}

/** Who holds the others up most, if they wait for it for more than a twentieth of `totalUs`; null: nobody does. */
export const stragglerOf = (arrivals: readonly Arrivals[], totalUs: number): Arrivals | null =>
  mostOf(arrivals, totalUs, ({ laterUs, workUs }) => laterUs - workUs);

/** Who holds the others up most by having the most to do. */
export const busiestOf = (arrivals: readonly Arrivals[], totalUs: number): Arrivals | null =>
  mostOf(arrivals, totalUs, ({ workUs }) => workUs);

function mostOf(
  arrivals: readonly Arrivals[],
  totalUs: number,
  usOf: (arrivals: Arrivals) => number,
): Arrivals | null {
  const [first, ...others] = arrivals;
  if (first === undefined) return null;
  const most = others.reduce((found, each) => (usOf(each) > usOf(found) ? each : found), first);
  return usOf(most) > totalUs / 20 ? most : null;
}
