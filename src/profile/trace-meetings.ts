/**
 * Where ranks wait for each other: at a barrier the ranks of a process, at an exchange, in which every
 * process sends what it has made of one thing, the ranks of all. What goes through processes one after the
 * other is no such meeting: there somebody waits by design.
 *
 * So do the stages of a pipeline, of one process or of many. They meet at the end of what they do from
 * barrier to barrier, and each counts as if it had waited for nobody:
 *
 *     rank 0   F0 F1 ·· ·· X0 X1 W ┃        F0 F1 X0 X1 W       rank 1 is as late as it is longer at work, not rank 0,
 *     rank 1   ·· F0 F1 X0 X1 W ·· ┃  ─▶    F0 F1 X0 X1 W       which the schedule lets finish last
 */
import { type Pace, pacesOf } from "./trace-pace.ts";
import type { RankTimeline } from "./trace-timeline.ts";

export interface Arrival {
  /** When the rank came, on the common clock; in a pipeline how long it was at work before. */
  readonly us: number;
  /** What it did in a pipeline before, at its peers' pace. */
  readonly workUs: number;
}

/** By rank. */
export type Meeting = ReadonlyMap<number, Arrival>;
type Meetings = Map<string, Map<number, Arrival>>;

export function meetingsOf(ranks: readonly RankTimeline[]): Meeting[] {
  const isPipeline = ranks.some(({ instructions }) => instructions.some(({ cat }) => cat === "gate"));
  return isPipeline ? passages(ranks) : [...barriers(ranks), ...exchanges(ranks)];
}

/** Every rank of a process comes to all of its barriers, in one order. */
function barriers(ranks: readonly RankTimeline[]): Meeting[] {
  const found: Meetings = new Map();
  const ranksOf = new Map<number, number>();
  for (const { header, shiftUs, instructions } of ranks) {
    const { rank, process } = header;
    ranksOf.set(process, (ranksOf.get(process) ?? 0) + 1);
    const nextOf = counting();
    for (const { cat, ts = 0, args } of instructions) {
      if (cat !== "barrier") continue;
      note(found, `${process} ${args?.step} ${nextOf(args?.step)}`, rank, { us: ts + shiftUs, workUs: 0 });
    }
  }
  return [...found]
    .filter(([key, meeting]) => meeting.size > 1 && meeting.size === ranksOf.get(Number(key.split(" ")[0])))
    .map(([, meeting]) => meeting);
}

/** What ranks of a pipeline do from one barrier to the next: in all processes as often a step. */
function passages(ranks: readonly RankTimeline[]): Meeting[] {
  const found: Meetings = new Map();
  const paces = pacesOf(ranks);
  for (const [index, own] of ranks.entries()) {
    const nextOf = counting();
    for (const [step, arrival] of passagesOf(own, paces[index]))
      note(found, `${step} ${nextOf(step)}`, own.header.rank, arrival);
  }
  return [...found.values()].filter(({ size }) => size > 1 && size === ranks.length);
}

function* passagesOf(
  { instructions }: RankTimeline,
  pace: Pace,
): Generator<readonly [step: unknown, arrival: Arrival]> {
  let fromUs = instructions[0]?.ts ?? 0;
  let [waitedUs, workUs] = [0, 0];
  for (const instruction of instructions) {
    const { cat, ts = 0, dur = 0, args } = instruction;
    // To tell others takes long, too, where who is woken by it is given the very core.
    if (cat === "gate" || cat === "transfer") waitedUs += dur;
    workUs += pace(instruction);
    if (cat !== "barrier") continue;
    yield [args?.step, { us: ts - fromUs - waitedUs, workUs }];
    fromUs = ts + dur;
    [waitedUs, workUs] = [0, 0];
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
