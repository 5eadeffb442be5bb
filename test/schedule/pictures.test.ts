import { readFileSync } from "node:fs";
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

test("interleaved: each rank's first stage (a) and its second (b) take turns, group after group", (t) => {
  t.deepEqual(draw("interleaved", 2, 4, 2), [
    "rank 0  F0a F1a F0b F1b F2a ··· B0b──── F3a B1b──── F2b B0a──── F3b B1a──── ··· B2b──── ··· B3b──── B2a──── B3a────",
    "rank 1  ··· F0a F1a F0b B0b──── F1b B1b──── F2a B0a──── F3a B1a──── F2b B2b──── F3b B3b──── B2a──── B3a──── ··· ···",
  ]);
  t.deepEqual(draw("interleaved", 3, 6, 2), [
    "rank 0  F0a F1a F2a F0b F1b F2b F3a F4a ··· ··· B0b──── F5a B1b──── F3b B2b──── F4b B0a──── F5b B1a──── ··· B2a──── ··· B3b──── ··· B4b──── ··· B5b──── B3a──── B4a──── B5a────",
    "rank 1  ··· F0a F1a F2a F0b F1b F2b ··· B0b──── F3a B1b──── F4a B2b──── F5a B0a──── F3b B1a──── F4b B2a──── F5b B3b──── ··· B4b──── ··· B5b──── B3a──── B4a──── B5a──── ··· ···",
    "rank 2  ··· ··· F0a F1a F2a F0b B0b──── F1b B1b──── F2b B2b──── F3a B0a──── F4a B1a──── F5a B2a──── F3b B3b──── F4b B4b──── F5b B5b──── B3a──── B4a──── B5a──── ··· ··· ··· ···",
  ]);
  t.deepEqual(draw("interleaved", 4, 4, 2), [
    "rank 0  F0a F1a F2a F3a F0b F1b F2b F3b ··· ··· ··· ··· ··· ··· B0b──── ··· B1b──── ··· B2b──── ··· B3b──── B0a──── B1a──── B2a──── B3a────",
    "rank 1  ··· F0a F1a F2a F3a F0b F1b F2b F3b ··· ··· ··· B0b──── ··· B1b──── ··· B2b──── ··· B3b──── B0a──── B1a──── B2a──── B3a──── ··· ···",
    "rank 2  ··· ··· F0a F1a F2a F3a F0b F1b F2b ··· B0b──── F3b B1b──── ··· B2b──── ··· B3b──── B0a──── B1a──── B2a──── B3a──── ··· ··· ··· ···",
    "rank 3  ··· ··· ··· F0a F1a F2a F3a F0b B0b──── F1b B1b──── F2b B2b──── F3b B3b──── B0a──── B1a──── B2a──── B3a──── ··· ··· ··· ··· ··· ···",
  ]);
  t.deepEqual(draw("interleaved", 2, 3, 3), [
    "rank 0  F0a F1a F2a F0b F1b F2b F0c F1c F2c ··· B0c──── ··· B1c──── ··· B2c──── B0b──── B1b──── B2b──── B0a──── B1a──── B2a────",
    "rank 1  ··· F0a F1a F2a F0b F1b F2b F0c B0c──── F1c B1c──── F2c B2c──── B0b──── B1b──── B2b──── B0a──── B1a──── B2a──── ··· ···",
  ]);
});

test("interleaved: a remainder makes groups larger, never smaller than the ranks, unless there are no more micro-batches", (t) => {
  t.deepEqual(draw("interleaved", 2, 5, 2), [
    "rank 0  F0a F1a F0b F1b F2a F3a ··· B0b──── F4a B1b──── F2b B0a──── F3b B1a──── F4b B2b──── ··· B3b──── ··· B4b──── B2a──── B3a──── B4a────",
    "rank 1  ··· F0a F1a F0b F1b B0b──── F2a B1b──── F3a B0a──── F4a B1a──── F2b B2b──── F3b B3b──── F4b B4b──── B2a──── B3a──── B4a──── ··· ···",
  ]);
  t.deepEqual(draw("interleaved", 3, 2, 2), [
    "rank 0  F0a F1a ··· F0b F1b ··· ··· ··· ··· ··· B0b──── ··· B1b──── ··· B0a──── ··· B1a────",
    "rank 1  ··· F0a F1a ··· F0b F1b ··· ··· B0b──── ··· B1b──── ··· B0a──── ··· B1a──── ··· ···",
    "rank 2  ··· ··· F0a F1a ··· F0b B0b──── F1b B1b──── ··· B0a──── ··· B1a──── ··· ··· ··· ···",
  ]);
});

test("interleaved with one stage a rank is 1f1b", (t) => {
  t.deepEqual(draw("interleaved", 3, 5), draw("1f1b", 3, 5));
});

test("zero-bubble: rank i makes a weight gradient i micro-batches after the input gradient", (t) => {
  t.deepEqual(draw("zero-bubble", 2, 4), [
    "rank 0  F0 F1 ·· X0 W0 F2 X1 W1 F3 X2 W2 X3 W3",
    "rank 1  ·· F0 X0 F1 X1 W0 F2 X2 W1 F3 X3 W2 W3",
  ]);
  t.deepEqual(draw("zero-bubble", 3, 5), [
    "rank 0  F0 F1 F2 ·· ·· X0 W0 F3 X1 W1 F4 X2 W2 X3 W3 X4 W4",
    "rank 1  ·· F0 F1 ·· X0 F2 X1 W0 F3 X2 W1 F4 X3 W2 X4 W3 W4",
    "rank 2  ·· ·· F0 X0 F1 X1 F2 X2 W0 F3 X3 W1 F4 X4 W2 W3 W4",
  ]);
  t.deepEqual(draw("zero-bubble", 4, 6), [
    "rank 0  F0 F1 F2 F3 ·· ·· ·· X0 W0 F4 X1 W1 F5 X2 W2 X3 W3 X4 W4 X5 W5",
    "rank 1  ·· F0 F1 F2 ·· ·· X0 F3 X1 W0 F4 X2 W1 F5 X3 W2 X4 W3 X5 W4 W5",
    "rank 2  ·· ·· F0 F1 ·· X0 F2 X1 F3 X2 W0 F4 X3 W1 F5 X4 W2 X5 W3 W4 W5",
    "rank 3  ·· ·· ·· F0 X0 F1 X1 F2 X2 F3 X3 W0 F4 X4 W1 F5 X5 W2 W3 W4 W5",
  ]);
  t.deepEqual(draw("zero-bubble", 4, 2), [
    "rank 0  F0 F1 ·· ·· ·· ·· ·· X0 W0 X1 W1",
    "rank 1  ·· F0 F1 ·· ·· ·· X0 ·· X1 W0 W1",
    "rank 2  ·· ·· F0 F1 ·· X0 ·· X1 W0 W1 ··",
    "rank 3  ·· ·· ·· F0 X0 F1 X1 W0 W1 ·· ··",
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

const CELL = "(?:[FXWB]\\d+[a-z]?─*|·+)";
const RANK = new RegExp(`rank \\d  ${CELL}(?: ${CELL})*`);

/** Runs of lines that are ranks of a picture, without what stands before and behind them. */
function picturesIn(path: string): string[] {
  const lines = readFileSync(path, "utf8").split("\n");
  const ranks = lines.map((line) => RANK.exec(line)?.[0] ?? "");
  return ranks
    .join("\n")
    .split(/\n\n+/)
    .filter((picture) => picture !== "");
}

test("the pictures in the documents and the files are what is drawn", (t) => {
  const drawn: Record<string, string[][]> = {
    "src/schedule/action.ts": [draw("gpipe", 2, 2)],
    "src/schedule/draw.ts": [draw("gpipe", 2, 4)],
    "src/schedule/gpipe.ts": [draw("gpipe", 2, 4)],
    "src/schedule/one-forward-one-backward.ts": [draw("1f1b", 3, 4)],
    "src/schedule/interleaved.ts": [draw("interleaved", 2, 4, 2)],
    "src/schedule/zero-bubble.ts": [draw("zero-bubble", 3, 5)],
    "ARCHITECTURE.md": [draw("1f1b", 3, 5), draw("zero-bubble", 3, 5)],
  };
  for (const [path, pictures] of Object.entries(drawn))
    t.deepEqual(
      picturesIn(path),
      pictures.map((lines) => lines.join("\n")),
      path,
    );
});
