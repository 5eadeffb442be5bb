/** Actions and arrows of traced pipelines: their own programs on a virtual clock. */
import { gunzipSync } from "node:zlib";
import test from "ava";
import * as fc from "fast-check";
import { roundUs, type TraceDocument, type TraceEvent } from "../../src/profile/chrome-trace.ts";
import { mergeTraces } from "../../src/profile/trace-merge.ts";
import { timelineOf } from "../../src/profile/trace-timeline.ts";
import type { Instruction, Program } from "../../src/program/instruction.ts";
import { traceFaults } from "../profile/trace-format.ts";
import type { OneThread } from "../program/one-thread.ts";
import { EVEN, pipelineOf, shape } from "./any-pipeline.ts";
import { type Duration, playTraces } from "./virtual-clock.ts";

function mergedOf(job: OneThread, durationOf: Duration): TraceDocument {
  const documents = playTraces(job, 2, durationOf);
  return JSON.parse(gunzipSync(mergeTraces(documents, timelineOf(documents))).toString());
}

/** Each action takes 4 µs, and the rest no time. */
function fourEach({ layout }: OneThread): Duration {
  const actions = new Set<string>();
  const firsts = new Set<Instruction>();
  for (const { rank, instructions } of layout.train as readonly Program[])
    for (const instruction of instructions) {
      const { kernel, kind, stage, microBatch } = instruction;
      const action = `${rank} ${kind} ${stage} ${microBatch}`;
      if (kernel === null || kind === "update" || actions.has(action)) continue;
      actions.add(action);
      firsts.add(instruction);
    }
  return (instruction) => (firsts.has(instruction) ? 4 : 0);
}

const LETTERS: Readonly<Record<string, string>> = { forward: "F", input: "X", weight: "W" };

/** "F3" for forward 3 of stage 1; "F3'" if it is the rank's second stage. */
function actionWord({ name, tid, args }: TraceEvent, ranks: number): string {
  const [what, ...others] = name.split(" ");
  const number = others.find((word) => /^\d/.test(word));
  return `${LETTERS[what]}${number}${args?.stage === tid % ranks ? "" : "'"}`;
}

/** A line a rank: its actions, a column a µs; below them the ranks from which arrows come. */
function picture({ traceEvents }: TraceDocument, ranks: number): string[] {
  const first = traceEvents.filter(({ args, ph }) => ph !== "X" || args?.step === 1);
  const starts = new Map(first.filter(({ ph }) => ph === "s").map((event) => [event.id, event]));
  const end = Math.max(...first.filter(({ cat }) => cat === "step").map(({ dur = 0 }) => dur));
  const line = (head: string, events: readonly TraceEvent[], wordOf: (event: TraceEvent) => string) => {
    const words = events.filter(({ ts = 0 }) => ts < end);
    const drawn = words.reduce(
      (text, event) => text.slice(0, event.ts).padEnd(event.ts ?? 0) + wordOf(event),
      "",
    );
    return `${head}  ${drawn}`;
  };
  return Array.from({ length: ranks }, (_, rank) => first.filter(({ tid }) => tid === rank)).flatMap(
    (own, rank) => [
      line(
        `rank ${rank}`,
        own.filter(({ cat }) => cat === "action"),
        (action) => actionWord(action, ranks),
      ),
      line(
        "  from",
        own.filter(({ ph }) => ph === "f"),
        ({ id }) => String(starts.get(id)?.tid),
      ),
    ],
  );
}

for (const [schedule, drawing] of [
  [
    "1f1b",
    [
      "rank 0  F0  F1      X0  F2  X1  F3  X2      X3  W3",
      "  from              1       1       1       1",
      "rank 1      F0  X0  F1  X1  F2  X2  F3  X3  W3",
      "  from      0       0       0       0",
    ],
  ],
  [
    "gpipe",
    [
      "rank 0  F0  F1  F2  F3          X0  X1  X2  X3  W3",
      "  from                          1   1   1   1",
      "rank 1      F0  F1  F2  F3  X0  X1  X2  X3  W3",
      "  from      0   0   0   0",
    ],
  ],
  [
    "interleaved",
    [
      "rank 0  F0  F1  F0' F1' F2  X0' F3  X1' F2' X0  F3' X1      X2'     X3' W3' X2  X3  W3",
      "  from          1   1       1       1   1   1   1   1       1       1       1   1",
      "rank 1      F0  F1  F0' X0' F1' X1' F2  X0  F3  X1  F2' X2' F3' X3' W3' X2  X3  W3",
      "  from      0   0   0       0       0   0   0   0   0       0           0   0",
    ],
  ],
] as const)
  test(`${schedule}: a merged trace shows the actions, and who each of them waited for`, (t) => {
    const job = pipelineOf(EVEN, { gangs: 2, gangRanks: 1, microBatches: 4, schedule });
    t.deepEqual(picture(mergedOf(job, fourEach(job)), 2), [...drawing]);
  });

test("every wait for another stage has its arrow, of the same step, stage and micro-batch", (t) => {
  const told = ({ args = {} }: TraceEvent) => [args.step, args.gate, args.stage, args["micro-batch"]].join();
  fc.assert(
    fc.property(shape, (drawn) => {
      const job = pipelineOf(EVEN, drawn);
      const merged = mergedOf(job, ({ kernel, flops }, rank) =>
        kernel === null ? 0.1 : (0.2 + flops / 4e4) * (1 + rank / 10),
      );
      t.deepEqual(traceFaults(merged, true), []);
      const gates = merged.traceEvents.filter(({ ph, cat }) => ph === "X" && cat === "gate");
      const under = ({ tid, ts = 0 }: TraceEvent) =>
        gates.find((gate) => {
          const { ts: from = 0, dur = 0 } = gate;
          return gate.tid === tid && from <= ts && ts < roundUs(from + dur);
        }) as TraceEvent;
      const arrows = merged.traceEvents.filter(({ ph }) => ph === "s");
      for (const start of arrows) {
        const end = merged.traceEvents.find(({ ph, id }) => ph === "f" && id === start.id) as TraceEvent;
        const [pass, hold] = [under(start), under(end)];
        t.deepEqual([pass.args?.kind, hold.args?.kind], ["pass", "hold"]);
        t.is(told(pass), told(hold));
        t.true(pass.tid !== hold.tid);
        const others = gates.filter((gate) => gate.args?.kind === "pass" && told(gate) === told(pass));
        t.true(others.every(({ ts = 0 }) => ts <= (pass.ts ?? 0)));
      }
      const isOfOthers = ({ tid, args = {} }: TraceEvent) =>
        args.kind === "hold" && Number(args.stage) % drawn.gangs !== Math.floor(tid / drawn.gangRanks);
      const ends = new Set(merged.traceEvents.filter(({ ph }) => ph === "f").map(under));
      t.true(gates.filter(isOfOthers).every((hold) => ends.has(hold)));
    }),
    { numRuns: 40 },
  );
});
