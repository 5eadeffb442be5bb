/**
 * What the work of each rank takes at the pace of its peers: stages are not alike, and who has more to do
 * than others is not slow.
 *
 * Calls of one kernel with one shape for one micro-batch cost the same wherever they are made. So of calls
 * that several ranks make the pace is the quickest rank's median, which no call shows in that was held up
 * once. How slow a rank is at these it is taken to be at what it alone does.
 */
import type { TraceEvent } from "./chrome-trace.ts";
import type { RankTimeline } from "./trace-timeline.ts";

/** What an instruction takes at the peers' pace, µs: 0 for one that calls no kernel. */
export type Pace = (instruction: TraceEvent) => number;

/** Of a rank that shares less of its work with others nobody can say whether it is slow. */
const LEAST_SHARED = 0.1;

interface Calls {
  readonly count: number;
  readonly medianUs: number;
}

/** One for each rank, in their order. */
export function pacesOf(ranks: readonly RankTimeline[]): Pace[] {
  const own = ranks.map(({ instructions }) => callsOf(instructions));
  const quickest = new Map<string, number>();
  const makers = new Map<string, number>();
  for (const calls of own)
    for (const [key, { medianUs }] of calls) {
      quickest.set(key, Math.min(quickest.get(key) ?? Number.POSITIVE_INFINITY, medianUs));
      makers.set(key, (makers.get(key) ?? 0) + 1);
    }
  const isShared = (key: string) => (makers.get(key) ?? 0) > 1;
  return own.map((calls) => {
    const slowness = slownessOf(calls, isShared, quickest);
    return (instruction) => {
      const key = keyOf(instruction);
      const us = key === null ? 0 : (quickest.get(key) ?? 0);
      return key !== null && isShared(key) ? us : us / slowness;
    };
  });
}

const keyOf = ({ name, args }: TraceEvent): string | null =>
  args?.shape === undefined ? null : `${name} ${args.shape} ${args["micro-batch"]}`;

function callsOf(instructions: readonly TraceEvent[]): Map<string, Calls> {
  const durations = new Map<string, number[]>();
  for (const instruction of instructions) {
    const key = keyOf(instruction);
    if (key === null) continue;
    const known = durations.get(key);
    if (known) known.push(instruction.dur ?? 0);
    else durations.set(key, [instruction.dur ?? 0]);
  }
  return new Map(
    [...durations].map(([key, all]) => {
      all.sort((one, other) => one - other);
      return [key, { count: all.length, medianUs: all[all.length >> 1] }];
    }),
  );
}

/** How many times as long as the quickest a rank takes for what it shares with others. */
function slownessOf(
  calls: ReadonlyMap<string, Calls>,
  isShared: (key: string) => boolean,
  quickest: ReadonlyMap<string, number>,
): number {
  let [allUs, sharedUs, quickestUs] = [0, 0, 0];
  for (const [key, { count, medianUs }] of calls) {
    allUs += count * medianUs;
    if (!isShared(key)) continue;
    sharedUs += count * medianUs;
    quickestUs += count * (quickest.get(key) ?? 0);
  }
  return quickestUs > 0 && sharedUs >= LEAST_SHARED * allUs ? sharedUs / quickestUs : 1;
}
