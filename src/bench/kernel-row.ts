/** From the samples of all threads to a row of results, as `--json` prints it. */
import type { Engine } from "../kernels/engine.ts";
import type { KernelCase } from "./case.ts";
import type { Samples, Timing } from "./measuring.ts";
import type { OpenBlas } from "./openblas.ts";
import { isAlone } from "./product-kernels.ts";
import type { Shape } from "./shapes.ts";
import { median, type Spread, spreadOf } from "./statistics.ts";

/** What every row has. Rates are those of all threads together, medians over the rounds. */
interface Common {
  readonly engine: Engine;
  readonly threads: number;
  /** Rate of each thread by its own clock; absent for one thread. */
  readonly perThread?: readonly number[];
  /** Of the multiply-add loop's or the copy's rate in the same rounds. */
  readonly percentOfPeak: number;
  /** Microseconds of a call, from the first thread's start to the last one's end. */
  readonly us: Spread;
}

export interface PeerResult {
  readonly name: string;
  readonly version: string;
  readonly core: string;
  readonly gflops: number;
  /** How many times as fast as the peer: median, least and largest over the rounds. */
  readonly ratio: number;
  readonly leastRatio: number;
  readonly largestRatio: number;
}

export interface ProductRow extends Common, Shape {
  /** "gemm", or the name of a kernel that does more than multiply. */
  readonly kernel: string;
  readonly gflops: number;
  readonly peakGflops: number;
  readonly peer?: PeerResult;
}

export interface VectorRow extends Common {
  readonly kernel: string;
  readonly n: number;
  readonly gbs: number;
  readonly copyGbs: number;
  /** Bytes of a call, read and written. */
  readonly bytes: number;
}

export type KernelRow = ProductRow | VectorRow;

export const isProduct = (row: KernelRow): row is ProductRow => "gflops" in row;

export const isVector = (row: KernelRow): row is VectorRow => "gbs" in row;

/** Rows with the same key together, in the order in which the keys come first. */
export function groupRows<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

/** Microseconds of a call, round for round: from the first thread's start to the last one's end. */
function together(threads: readonly Timing[]): number[] {
  return threads[0].startsUs.map((_, round) => {
    const start = Math.min(...threads.map(({ startsUs }) => startsUs[round]));
    const end = Math.max(...threads.map(({ endsUs }) => endsUs[round]));
    return (end - start) / threads[0].calls;
  });
}

/** Units of work a microsecond → thousands of millions a second. */
const giga = (work: number, us: number): number => work / us / 1e3;

export function rowOf(
  { kernel, shape, n, work }: KernelCase,
  samples: readonly Samples[],
  engine: Engine,
  peer: OpenBlas | null,
): KernelRow {
  const threads = samples.length;
  const us = together(samples.map(({ ours }) => ours));
  const roofUs = together(samples.map(({ roof }) => roof));
  const rates = us.map((each) => giga(threads * work, each));
  const peaks = roofUs.map((each) => giga(threads * samples[0].roofWork, each));
  const common = {
    engine,
    threads,
    ...(threads > 1 && { perThread: samples.map(({ ours }) => giga(work, median(together([ours])))) }),
    percentOfPeak: median(rates.map((rate, round) => (100 * rate) / peaks[round])),
    us: spreadOf(us),
  };
  if (shape === null)
    return { kernel, n, gbs: median(rates), copyGbs: median(peaks), bytes: work, ...common };
  const result = {
    kernel: isAlone(kernel) ? "gemm" : kernel,
    ...shape,
    gflops: median(rates),
    peakGflops: median(peaks),
    ...common,
  };
  const peers = samples.flatMap((one) => one.peer ?? []);
  if (peer === null || peers.length < threads) return result;
  return { ...result, peer: peerResult(peer, threads * work, us, together(peers)) };
}

function peerResult(
  { name, version, core }: OpenBlas,
  work: number,
  us: number[],
  peerUs: number[],
): PeerResult {
  const ratios = peerUs.map((each, round) => each / us[round]);
  return {
    ...{ name, version, core },
    gflops: median(peerUs.map((each) => giga(work, each))),
    ratio: median(ratios),
    leastRatio: Math.min(...ratios),
    largestRatio: Math.max(...ratios),
  };
}
