/** What links cost, measured on the links themselves, and which algorithm that makes the fastest. */

import type { ActionList } from "../collective/action.ts";
import { ALLREDUCES, listsOf } from "../collective/algorithms.ts";
import type { LinkCosts } from "../collective/choose.ts";
import { segmentOf, type TransportName } from "./allreduce-case.ts";
import { median } from "./statistics.ts";

const SHORT_COUNT = 16;
const SHORT_RUNS = 200;
const LONG_COUNT = 2 ** 19;
/** The longest buffer of them. */
export const PROBE_BYTES = 4 * LONG_COUNT;
const LONG_RUNS = 8;
/** Of a hop, what the sender's main thread spends: the rest is waking, and the way. */
const SENDERS_SHARE = 0.25;

/** The lists that are run to find out, and how often. */
export function probes(ranks: number, transport: TransportName) {
  const segment = segmentOf(transport, LONG_COUNT);
  return {
    short: listsOf(ALLREDUCES["recursive-doubling"], ranks, SHORT_COUNT, segment),
    long: listsOf(ALLREDUCES.ring, ranks, LONG_COUNT, segment),
  };
}

/** `ready` makes a list ready, and gives what executes it; all members call this together. */
export async function measureCosts(
  ranks: number,
  transport: TransportName,
  self: number,
  ready: (list: ActionList) => () => Promise<void>,
): Promise<LinkCosts> {
  const { short, long } = probes(ranks, transport);
  const timesUs = async (run: () => Promise<void>, runs: number) => {
    const took: number[] = [];
    for (let left = runs; left > 0; left--) {
      const start = performance.now();
      await run();
      took.push(1000 * (performance.now() - start));
    }
    return median(took);
  };
  const shortUs = await timesUs(ready(short[self]), SHORT_RUNS);
  const longUs = await timesUs(ready(long[self]), LONG_RUNS);
  return costsOf(ranks, shortUs, longUs);
}

/** From the time of a short recursive doubling and of a long ring. Sums are in the ring's rate. */
export function costsOf(ranks: number, shortUs: number, longUs: number): LinkCosts {
  const hopUs = shortUs / Math.ceil(Math.log2(ranks));
  const bytes = (PROBE_BYTES * 2 * (ranks - 1)) / ranks;
  return {
    latencyUs: (1 - SENDERS_SHARE) * hopUs,
    messageUs: SENDERS_SHARE * hopUs,
    bytesPerUs: bytes / Math.max(1, longUs - 2 * (ranks - 1) * hopUs),
    sumBytesPerUs: Number.POSITIVE_INFINITY,
  };
}
