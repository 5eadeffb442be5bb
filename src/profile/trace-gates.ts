/**
 * Arrows between the stages of a pipeline: from where the last rank of a gang passed a gate to each rank that waited at it.
 *
 *     rank 0   forward 0 of stage 0 │ pass │ …
 *                                     ╰──────────╮
 *     rank 1   hold ······························ │ forward 0 of stage 1
 */
import type { TraceEvent } from "./chrome-trace.ts";
import type { RankTimeline, Timeline } from "./trace-timeline.ts";

interface Passing {
  readonly by: RankTimeline;
  readonly event: TraceEvent;
}

/** By rank: the ends of arrows that lie in its events, on its own ts. Every arrow has both its ends. */
export function gateArrows({ ranks }: Timeline): Map<number, TraceEvent[]> {
  const passings = lastPassings(ranks);
  const arrows = new Map<number, TraceEvent[]>(ranks.map(({ header }) => [header.rank, []]));
  for (const holder of ranks)
    for (const event of holder.instructions) {
      if (!isOf("hold", event)) continue;
      const key = keyOf(holder, event);
      const passing = passings.get(key);
      // Of a gate that its own rank was the last to pass nobody kept it waiting.
      if (passing === undefined || passing.by === holder) continue;
      const id = `gate ${key} ${holder.header.rank}`;
      const [from, to] = endsOf(passing, holder, event);
      arrows.get(passing.by.header.rank)?.push({ ph: "s", name: "gate", cat: "gate", id, ...from });
      arrows.get(holder.header.rank)?.push({ ph: "f", bp: "e", name: "gate", cat: "gate", id, ...to });
    }
  return arrows;
}

const isOf = (kind: "pass" | "hold", { cat, name }: TraceEvent): boolean =>
  cat === "gate" && name.split(" ")[0] === kind;

/** A gate in a step. */
const keyOf = ({ header: { process } }: RankTimeline, { args = {} }: TraceEvent): string =>
  [process, args.step, args.gate, args.stage, args["micro-batch"]].join(".");

/** By gate and step: who passed it last, for the gate opens only then. */
function lastPassings(ranks: readonly RankTimeline[]): Map<string, Passing> {
  const passings = new Map<string, Passing>();
  const passedUs = ({ by, event: { ts = 0 } }: Passing) => ts + by.shiftUs;
  for (const by of ranks)
    for (const event of by.instructions) {
      if (!isOf("pass", event)) continue;
      const key = keyOf(by, event);
      const [passing, known] = [{ by, event }, passings.get(key)];
      if (known === undefined || passedUs(passing) > passedUs(known)) passings.set(key, passing);
    }
  return passings;
}

/** An arrow goes from the beginning of the pass to the hold at that moment, or to its beginning if the gate was open before. */
function endsOf({ by, event }: Passing, holder: RankTimeline, hold: TraceEvent) {
  const { ts: passed = 0 } = event;
  const { ts: begun = 0, dur = 0 } = hold;
  const at = Math.min(Math.max(passed + (by.shiftUs - holder.shiftUs), begun), begun + dur);
  return [
    { ts: passed, pid: event.pid, tid: event.tid },
    { ts: at, pid: hold.pid, tid: hold.tid },
  ];
}
