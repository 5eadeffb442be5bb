/** `lockstep trace`: what a run's traced steps went to, rank by rank; and one trace of all ranks for a viewer. */
import { join } from "node:path";
import { writeAtomically, writeFully } from "../base/atomic-file.ts";
import { LockstepError } from "../base/errors.ts";
import { checkLayer } from "../base/layer.ts";
import type { TraceDocument } from "../profile/chrome-trace.ts";
import { arrivalsOf, busiestOf, stragglerOf } from "../profile/trace-arrivals.ts";
import { kernelTotals } from "../profile/trace-kernels.ts";
import { mergeTraces } from "../profile/trace-merge.ts";
import { sharesOf } from "../profile/trace-shares.ts";
import { type Timeline, timelineOf } from "../profile/trace-timeline.ts";
import { readTraces } from "../run/traces.ts";
import type { Context } from "./context.ts";
import { flagLayer, type Given } from "./flags.ts";
import type { Output } from "./output.ts";
import { type TraceReport, traceLines } from "./trace-table.ts";

const MERGED = "merged.json.gz";

/** Returns the exit code. */
export function traceCommand(target: string, given: Given, context: Context): number {
  const { output, argv } = context;
  const { json = false, quiet = false } = checkLayer(flagLayer(given, argv)).values;
  Object.assign(output, { json, quiet });
  const { folder, documents, missing } = readTraces(target);
  warn(output, documents, missing);
  const timeline = timelineOf(documents);
  const report = reportOf(timeline);
  for (const line of traceLines(report, output.room)) output.result(line);
  const merged = writeMerged(join(folder, MERGED), documents, timeline, output);
  if (merged !== null) output.result(`merged  ${merged} (open it in ui.perfetto.dev)`);
  output.object({ status: "ok", ...report, merged });
  return 0;
}

function reportOf(timeline: Timeline): TraceReport {
  const { ranks, clocks } = timeline;
  const shares = sharesOf(timeline);
  const arrivals = arrivalsOf(timeline);
  const numbers = ranks.flatMap(({ steps }) => steps.map(({ args }) => Number(args?.step)));
  const bounds = numbers.reduce<[number, number]>(
    ([first, last], number) => [Math.min(first, number), Math.max(last, number)],
    [numbers[0] ?? 0, numbers[0] ?? 0],
  );
  const longestUs = Math.max(0, ...shares.map(({ steps, stepUs }) => steps * stepUs));
  return {
    steps: bounds,
    ranks: shares.map((own, index) => {
      return { ...own, host: ranks[index].header.host, arrivals: arrivals[index] };
    }),
    kernels: kernelTotals(timeline),
    peakGflops: ranks.reduce((sum, { header }) => sum + header.peakGflops, 0) / ranks.length,
    straggler: stragglerOf(arrivals, longestUs),
    busiest: busiestOf(arrivals, longestUs),
    clocks,
  };
}

function warn(output: Output, documents: readonly TraceDocument[], missing: readonly number[]): void {
  const say = (text: string) => output.say(`${output.styled("yellow", "warning:")} ${text}`);
  if (missing.length > 0) {
    const who = missing.length === 1 ? `rank ${missing[0]} has` : `ranks ${missing.join(", ")} have`;
    say(`${who} no trace: the figures are those of the others`);
  }
  const { status } = documents[0].lockstep;
  if (status !== "ok") say(`the run's status is ${status}: these are its last steps before that`);
  const dropped = documents.reduce((sum, { lockstep }) => sum + (lockstep.dropped ?? 0), 0);
  if (dropped > 0) say(`${dropped} messages had no room: trace fewer steps to see them all`);
}

/** The path; null if the disk refuses: the figures are there all the same. */
function writeMerged(
  path: string,
  documents: readonly TraceDocument[],
  timeline: Timeline,
  output: Output,
): string | null {
  try {
    writeAtomically(path, (descriptor) => writeFully(descriptor, mergeTraces(documents, timeline)));
    return path;
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    output.say(
      `${output.styled("yellow", "warning:")} there is no merged trace: ${thrown.message}; ${thrown.fix}`,
    );
    return null;
  }
}
