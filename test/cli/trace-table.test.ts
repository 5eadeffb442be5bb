/** The tables of `lockstep trace` in terminals of any width. */
import test from "ava";
import { type TraceReport, traceLines } from "../../src/cli/trace-table.ts";

const arrivals = { rank: 0, meetings: 20, last: 7, laterUs: 70, workUs: 10 };
const share = {
  compute: 100,
  exposedCommunication: 0,
  overlappedCommunication: 0,
  bubble: 0,
  data: 0,
  idle: 0,
};
const REPORT: TraceReport = {
  steps: [1, 10],
  ranks: [{ rank: 0, steps: 10, stepUs: 12.5, share, host: "localhost", arrivals }],
  kernels: [
    {
      kernel: "crossEntropyWithGradient",
      calls: 1000,
      us: 20,
      share: 100,
      gflops: 100,
      percentOfPeak: 100,
      gbs: 10,
    },
  ],
  ...{ peakGflops: 100, straggler: null, busiest: null, clocks: [] },
};

test("what a narrow terminal has no room for is left out of both tables; a file has all", (t) => {
  const heads = (room: number | undefined) =>
    traceLines(REPORT, room).filter((line) => /^rank|^kernel/.test(line));
  const all = heads(undefined).map((line) => line.split(/ {2,}/));
  t.deepEqual(all, [
    ["rank", "host", "step", "compute", "exposed", "overlapped", "bubble", "data", "idle", "came last", "by"],
    ["kernel", "calls", "time", "share", "GFLOP/s", "peak", "GB/s"],
  ]);
  for (const room of [40, 50, 60, 70, 80, 100, 120]) {
    const [ranks, kernels] = heads(room);
    const rows = traceLines(REPORT, room).filter((line) => /^ +0 |^crossEntropy|^rank|^kernel/.test(line));
    t.deepEqual(
      rows.filter((line) => line.length > room),
      [],
    );
    t.regex(ranks, /^rank .*step +compute +exposed .*bubble/);
    t.regex(kernels, /^kernel .*share .*peak/);
  }
});
