/** Where a step's time goes, as people read it: a table for each rank, and what it all comes to. */
import type { StepBreakdown, StepRow } from "../bench/step-breakdown.ts";
import { giga, microseconds, share } from "./figures.ts";
import { type Column, Table } from "./table.ts";

const COLUMNS: readonly Column[] = [
  { head: "part", width: 7, align: "left", dispensable: 2 },
  { head: "kernel", width: 24, align: "left" },
  { head: "of", width: 16, align: "left" },
  { head: "sizes", width: 12, align: "left", dispensable: 1 },
  { head: "median", width: 7, align: "right" },
  { head: "share", width: 5, align: "right" },
  { head: "rate", width: 13, align: "right" },
  { head: "peak", width: 5, align: "right" },
];

/** `room` is the width of the terminal; unlimited in a file. */
export function stepLines(breakdown: StepBreakdown, room: number | undefined): string[] {
  const { model, batch, ranks, engine, rows } = breakdown;
  const table = new Table(COLUMNS, room);
  const byRank = Array.from({ length: ranks }, (_, rank) => rows.filter((row) => row.rank === rank));
  return [
    `${model}, batch ${batch}, ${ranks} ${ranks === 1 ? "rank" : "ranks"}, ${engine}`,
    ...byRank.flatMap((own, rank) => [
      "",
      `rank ${rank}`,
      table.header,
      ...own.map((row) => table.row(cells(row))),
    ]),
    "",
    ...summary(breakdown),
  ];
}

function cells({
  kind,
  kernel,
  name,
  costKey,
  us,
  share: percent,
  bound,
  gflops,
  gbs,
  percentOfPeak,
}: StepRow): string[] {
  const rate = bound === null ? "" : bound === "copy" ? `${giga(gbs)} GB/s` : `${giga(gflops)} GFLOP/s`;
  const sizes = costKey.includes(" ") ? costKey.slice(costKey.indexOf(" ") + 1) : "";
  const peak = percentOfPeak === null ? "" : share(percentOfPeak);
  return [
    kernel === null ? "" : kind,
    kernel ?? kind,
    name ?? "",
    sizes,
    microseconds(us),
    share(percent),
    rate,
    peak,
  ];
}

function summary(breakdown: StepBreakdown): string[] {
  const { stepUs, observedStepUs, gflops, peakGflops, percentOfPeak, waiting, steps, cores } = breakdown;
  const clocked = `${microseconds(observedStepUs)} with a clock between instructions`;
  const loops = cores === 1 ? "a multiply-add loop's" : `${cores} multiply-add loops'`;
  const waits = waiting.map(({ us, share: percent }) => `${microseconds(us)} (${share(percent)})`);
  return [
    `step     ${microseconds(stepUs)}; ${clocked}; ${steps} of each`,
    `rate     ${giga(gflops)} GFLOP/s, ${share(percentOfPeak)} of ${loops} ${giga(cores * peakGflops)}`,
    `waiting  ${waits.join(", ")} at barriers, rank by rank`,
  ];
}
