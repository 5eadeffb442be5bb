import test from "ava";
import { drawSchedule } from "../../src/schedule/draw.ts";
import { buildSchedule, type ScheduleName } from "../../src/schedule/schedules.ts";

const draw = (name: ScheduleName, pipelineRanks: number, microBatches: number, stagesPerRank = 1) =>
  drawSchedule(buildSchedule(name, { pipelineRanks, stagesPerRank, microBatches }));

test("gpipe: all forwards, then all backwards, both ascending", (t) => {
  t.deepEqual(draw("gpipe", 2, 4), [
    "rank 0  F0 F1 F2 F3 ·· ·· ·· B0─── B1─── B2─── B3───",
    "rank 1  ·· F0 F1 F2 F3 B0─── B1─── B2─── B3─── ·· ··",
  ]);
  t.deepEqual(draw("gpipe", 3, 4), [
    "rank 0  F0 F1 F2 F3 ·· ·· ·· ·· ·· ·· B0─── B1─── B2─── B3───",
    "rank 1  ·· F0 F1 F2 F3 ·· ·· ·· B0─── B1─── B2─── B3─── ·· ··",
    "rank 2  ·· ·· F0 F1 F2 F3 B0─── B1─── B2─── B3─── ·· ·· ·· ··",
  ]);
  t.deepEqual(draw("gpipe", 4, 4), [
    "rank 0  F0 F1 F2 F3 ·· ·· ·· ·· ·· ·· ·· ·· ·· B0─── B1─── B2─── B3───",
    "rank 1  ·· F0 F1 F2 F3 ·· ·· ·· ·· ·· ·· B0─── B1─── B2─── B3─── ·· ··",
    "rank 2  ·· ·· F0 F1 F2 F3 ·· ·· ·· B0─── B1─── B2─── B3─── ·· ·· ·· ··",
    "rank 3  ·· ·· ·· F0 F1 F2 F3 B0─── B1─── B2─── B3─── ·· ·· ·· ·· ·· ··",
  ]);
});

test("1f1b: as many forwards as ranks follow, then one forward, one backward, then the backwards that are left", (t) => {
  t.deepEqual(draw("1f1b", 2, 4), [
    "rank 0  F0 F1 ·· ·· B0─── F2 B1─── F3 B2─── ·· B3───",
    "rank 1  ·· F0 B0─── F1 B1─── F2 B2─── F3 B3─── ·· ··",
  ]);
  t.deepEqual(draw("1f1b", 3, 4), [
    "rank 0  F0 F1 F2 ·· ·· ·· ·· B0─── F3 B1─── ·· B2─── ·· B3───",
    "rank 1  ·· F0 F1 ·· ·· B0─── F2 B1─── F3 B2─── ·· B3─── ·· ··",
    "rank 2  ·· ·· F0 B0─── F1 B1─── F2 B2─── F3 B3─── ·· ·· ·· ··",
  ]);
  t.deepEqual(draw("1f1b", 4, 6), [
    "rank 0  F0 F1 F2 F3 ·· ·· ·· ·· ·· ·· B0─── F4 B1─── F5 B2─── ·· B3─── ·· B4─── ·· B5───",
    "rank 1  ·· F0 F1 F2 ·· ·· ·· ·· B0─── F3 B1─── F4 B2─── F5 B3─── ·· B4─── ·· B5─── ·· ··",
    "rank 2  ·· ·· F0 F1 ·· ·· B0─── F2 B1─── F3 B2─── F4 B3─── F5 B4─── ·· B5─── ·· ·· ·· ··",
    "rank 3  ·· ·· ·· F0 B0─── F1 B1─── F2 B2─── F3 B3─── F4 B4─── F5 B5─── ·· ·· ·· ·· ·· ··",
  ]);
});

test("with fewer micro-batches than ranks, 1f1b warms up with all of them", (t) => {
  t.deepEqual(draw("1f1b", 4, 2), [
    "rank 0  F0 F1 ·· ·· ·· ·· ·· ·· ·· ·· B0─── ·· B1───",
    "rank 1  ·· F0 F1 ·· ·· ·· ·· ·· B0─── ·· B1─── ·· ··",
    "rank 2  ·· ·· F0 F1 ·· ·· B0─── ·· B1─── ·· ·· ·· ··",
    "rank 3  ·· ·· ·· F0 B0─── F1 B1─── ·· ·· ·· ·· ·· ··",
  ]);
});

test("one rank has nothing to wait for", (t) => {
  t.deepEqual(draw("gpipe", 1, 3), ["rank 0  F0 F1 F2 B0─── B1─── B2───"]);
  t.deepEqual(draw("1f1b", 1, 3), ["rank 0  F0 B0─── F1 B1─── F2 B2───"]);
});

test("columns are as wide as the last micro-batch needs", (t) => {
  const lines = draw("1f1b", 2, 11);
  t.true(lines[0].startsWith("rank 0  F0  F1  ··· ··· B0───── F2  B1───── "));
  t.is(lines[0].length, lines[1].length);
});
