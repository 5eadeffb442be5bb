/**
 * Where ranks wait for each other. Those of one process do so at its barriers, and who comes to one last has
 * held up all others.
 *
 * Stages of a pipeline, and ranks of several processes, wait for what others make, each at moments of its own,
 * and some by design. They meet at the end of what they do from barrier to barrier, and each counts as if it
 * had waited for nobody:
 *
 *     rank 0   F0 F1 ·· ·· X0 X1 W ┃        F0 F1 X0 X1 W       rank 1 is as late as it is longer at work, not rank 0,
 *     rank 1   ·· F0 F1 X0 X1 W ·· ┃  ─▶    F0 F1 X0 X1 W       which the schedule lets finish last
 */
import { type Pace, pacesOf } from "./trace-pace.ts";
import type { RankTimeline } from "./trace-timeline.ts";

export interface Arrival {
  /** When the rank came, on the common clock; for stages and processes how long it was at work before. */
  readonly us: number;
  /** Of stages and processes: how long it would have been at its peers' pace. */
  readonly workUs: number;
}

/** By rank. */
export type Meeting = ReadonlyMap<number, Arrival>;
type Meetings = Map<string, Map<number, Arrival>>;

export function meetingsOf(ranks: readonly RankTimeline[]): Meeting[] {
  const { processes = 1 } = ranks[0]?.header ?? {};
  const isPipeline = ranks.some(({ instructions }) => instructions.some(({ cat }) => cat === "gate"));
  return isPipeline || processes > 1 ? passages(ranks) : barriers(ranks);
}

/** All ranks come to all barriers, in one order. */
function barriers(ranks: readonly RankTimeline[]): Meeting[] {
  const found: Meetings = new Map();
  for (const { header, shiftUs, instructions } of ranks) {
    const nextOf = counting();
    for (const { cat, ts = 0, args } of instructions) {
      if (cat !== "barrier") continue;
      note(found, `${args?.step} ${nextOf(args?.step)}`, header.rank, { us: ts + shiftUs, workUs: 0 });
    }
  }
  return ofAll(found, ranks);
}

/** What ranks do from one barrier to the next: in all processes as often a step. */
function passages(ranks: readonly RankTimeline[]): Meeting[] {
  const found: Meetings = new Map();
  const paces = pacesOf(ranks);
  for (const [index, own] of ranks.entries()) {
    const nextOf = counting();
    for (const [step, arrival] of passagesOf(own, paces[index]))
      note(found, `${step} ${nextOf(step)}`, own.header.rank, arrival);
  }
  return ofAll(found, ranks);
}

const ofAll = (found: Meetings, ranks: readonly RankTimeline[]): Meeting[] =>
  ranks.length > 1 ? [...found.values()].filter(({ size }) => size === ranks.length) : [];

function* passagesOf(
  { instructions }: RankTimeline,
  pace: Pace,
): Generator<readonly [step: unknown, arrival: Arrival]> {
  /** Time between steps is no rank's: a checkpoint, an evaluation. */
  let fromUs: number | null = null;
  let [waitedUs, workUs] = [0, 0];
  for (const instruction of instructions) {
    const { cat, ts = 0, dur = 0, args } = instruction;
    fromUs ??= ts;
    // To tell others takes long, too, where who is woken by it is given the very core.
    if (cat === "gate" || cat === "transfer") waitedUs += dur;
    workUs += pace(instruction);
    if (cat !== "barrier") continue;
    yield [args?.step, { us: ts - fromUs - waitedUs, workUs }];
    fromUs = null;
    [waitedUs, workUs] = [0, 0];
  }
}

/** Counts from 0, for each key by itself. */
function counting(): (key: unknown) => number {
  const counts = new Map<unknown, number>();
  return (key) => {
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count;
  };
}

function note(meetings: Meetings, key: string, rank: number, arrival: Arrival): void {
  const meeting = meetings.get(key) ?? new Map<number, Arrival>();
  meetings.set(key, meeting);
  meeting.set(rank, arrival);
}
