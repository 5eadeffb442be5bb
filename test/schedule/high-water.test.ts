import test from "ava";
import fc from "fast-check";
import type { Action } from "../../src/schedule/action.ts";
import { highWater } from "../../src/schedule/high-water.ts";
import { anySchedule, build } from "./any-schedule.ts";

/** The slow twin: of every moment, the micro-batches whose forward has been, and whose weight gradient has not. */
function keptAt(list: readonly Action[], now: number, stage?: number): number {
  const begun = list.slice(0, now + 1).filter(({ kind }) => kind === "forward");
  const kept = begun.filter((forward) => {
    const last = list.findLastIndex(
      (each) => each.stage === forward.stage && each.microBatch === forward.microBatch,
    );
    return last > now && (stage === undefined || forward.stage === stage);
  });
  return kept.length;
}

test("what a rank and a stage keep at most is what they keep at their fullest moment", (t) => {
  fc.assert(
    fc.property(anySchedule(5, 9), ({ schedule }) => {
      const { byRank, byStage } = highWater(schedule);
      const most = (list: readonly Action[], stage?: number) =>
        Math.max(...list.map((_, now) => keptAt(list, now, stage)));
      t.deepEqual(
        byRank,
        schedule.actions.map((list) => most(list)),
      );
      t.deepEqual(
        byStage,
        byStage.map((_, stage) => most(schedule.actions[stage % schedule.pipelineRanks], stage)),
      );
    }),
  );
});

test("of the micro-batches that a stage keeps, no two share the slot j mod what it keeps at most", (t) => {
  fc.assert(
    fc.property(anySchedule(), ({ schedule }) => {
      const { byStage } = highWater(schedule);
      for (const list of schedule.actions) {
        const slots = new Map<string, Action>();
        for (const action of list) {
          const slot = `${action.stage} ${action.microBatch % byStage[action.stage]}`;
          if (action.kind === "forward") {
            t.false(slots.has(slot), `${slot} in ${schedule.name}`);
            slots.set(slot, action);
          } else if (action.kind !== "input-gradient") slots.delete(slot);
        }
      }
    }),
  );
});

test("four ranks and eight micro-batches keep these activations", (t) => {
  const kept = (name: Parameters<typeof build>[0], stagesPerRank = 1) =>
    highWater(build(name, { pipelineRanks: 4, stagesPerRank, microBatches: 8 }).schedule).byRank;
  t.deepEqual(kept("gpipe"), [8, 8, 8, 8]);
  t.deepEqual(kept("1f1b"), [4, 3, 2, 1]);
  t.deepEqual(kept("zero-bubble"), [4, 4, 4, 4]);
  t.deepEqual(kept("interleaved", 2), [11, 9, 7, 5]);
});

test("zero-bubble keeps output gradients of min(m, i + 1) micro-batches on rank i, whole backwards of one", (t) => {
  fc.assert(
    fc.property(anySchedule(), ({ name, schedule, shape: { microBatches } }) => {
      const { gradientsByStage } = highWater(schedule);
      for (const [stage, kept] of gradientsByStage.entries())
        t.is(kept, name === "zero-bubble" ? Math.min(microBatches, stage + 1) : 1, `${name}, ${stage}`);
    }),
  );
});
