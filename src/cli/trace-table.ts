/** Where the traced steps' time went, as people read it: a row a rank, a row a kernel, and who was waited for. */
import type { Arrivals } from "../profile/trace-arrivals.ts";
import type { HostClock } from "../profile/trace-clocks.ts";
import type { KernelTotal } from "../profile/trace-kernels.ts";
import { type RankShares, SHARES } from "../profile/trace-shares.ts";
import { giga, microseconds, share } from "./figures.ts";
import { grouped } from "./progress.ts";
import { type Column, Table } from "./table.ts";

const RANKS: readonly Column[] = [
  { head: "rank", width: 4, align: "right" },
  { head: "host", width: 12, align: "left", dispensable: 6 },
  { head: "step", width: 7, align: "right" },
  { head: "compute", width: 7, align: "right" },
  { head: "exposed", width: 7, align: "right" },
  { head: "overlapped", width: 10, align: "right", dispensable: 1 },
  { head: "bubble", width: 6, align: "right" },
  { head: "data", width: 6, align: "right", dispensable: 3 },
  { head: "idle", width: 6, align: "right", dispensable: 2 },
  { head: "came last", width: 12, align: "right", dispensable: 4 },
  { head: "by", width: 7, align: "right", dispensable: 5 },
];

const KERNELS: readonly Column[] = [
  { head: "kernel", width: 24, align: "left" },
  { head: "calls", width: 8, align: "right", dispensable: 4 },
  { head: "time", width: 7, align: "right", dispensable: 3 },
  { head: "share", width: 6, align: "right" },
  { head: "GFLOP/s", width: 7, align: "right", dispensable: 1 },
  { head: "peak", width: 5, align: "right" },
  { head: "GB/s", width: 6, align: "right", dispensable: 2 },
];

export interface TraceReport {
  readonly steps: readonly [first: number, last: number];
  readonly ranks: readonly (RankShares & { readonly host: string; readonly arrivals: Arrivals })[];
  readonly kernels: readonly KernelTotal[];
  readonly peakGflops: number;
  readonly straggler: Arrivals | null;
  readonly busiest: Arrivals | null;
  readonly clocks: readonly HostClock[];
}

/** `room` is the width of the terminal; unlimited in a file. */
export function traceLines(report: TraceReport, room: number | undefined): string[] {
  const [ranks, kernels] = [new Table(RANKS, room), new Table(KERNELS, room)];
  const [first, last] = report.steps;
  return [
    first === last ? `step ${grouped(first)}` : `steps ${grouped(first)} to ${grouped(last)}`,
    ranks.header,
    ...report.ranks.map((row) => ranks.row(rankCells(row))),
    "",
    kernels.header,
    ...report.kernels.map((row) => kernels.row(kernelCells(row))),
    "",
    `peak    ${giga(report.peakGflops)} GFLOP/s: what multiply-adds alone reach on one core`,
    `late    ${lateWords(report)}`,
    `clocks  ${report.clocks.map(clockWords).join("; ")}`,
  ];
}

function rankCells({ rank, host, stepUs, share: shares, arrivals }: TraceReport["ranks"][number]): string[] {
  const { last, meetings, laterUs } = arrivals;
  return [
    String(rank),
    host,
    microseconds(stepUs),
    ...SHARES.map((name) => `${shares[name].toFixed(1)} %`),
    meetings === 0 ? "" : `${last} of ${meetings}`,
    last === 0 ? "" : microseconds(laterUs / last),
  ];
}

function kernelCells({ kernel, calls, us, share: part, gflops, percentOfPeak, gbs }: KernelTotal): string[] {
  const time = [kernel, grouped(calls), microseconds(us), `${part.toFixed(1)} %`];
  return [...time, giga(gflops), share(percentOfPeak), giga(gbs)];
}

function lateWords({ straggler, busiest }: TraceReport): string {
  if (straggler !== null) {
    const { rank, last, meetings, laterUs, workUs } = straggler;
    return `rank ${rank} keeps the others waiting: ${microseconds(laterUs - workUs)} in all, last at ${last} of ${meetings} meetings`;
  }
  if (busiest === null) return "no rank keeps the others waiting for long";
  return `rank ${busiest.rank} has the most to do: the others wait ${microseconds(busiest.workUs)} for that in all`;
}

function clockWords({ host, by, errorUs }: HostClock): string {
  if (by === "itself") return `${host}'s`;
  if (by === "messages") return `${host}'s is known to ${microseconds(errorUs ?? 0)}, by its messages`;
  return `${host}'s is taken as its wall clock says, for there are no messages both ways`;
}
