/** What instructions are said to cost: of all ranks together what the whole job costs, however its rows are divided. */
import test from "ava";
import * as fc from "fast-check";
import { SCHEDULE_NAMES } from "../../src/base/config.ts";
import type { KernelName } from "../../src/kernels/abi.ts";
import { mlp } from "../../src/nn/models.ts";
import { synthetic } from "../synthetic.ts";
import { type OneThread, oneThread, type Wish } from "./one-thread.ts";
import { processesInTurn } from "./processes-in-turn.ts";

const size = (max: number) => fc.integer({ min: 1, max });

const job = fc.record({
  batch: size(40),
  /** Each slice has whole panels of columns. */
  hidden: fc.array(fc.integer({ min: 48, max: 70 }), { minLength: 2, maxLength: 3 }),
  gangs: size(3),
  replicas: size(4),
  slices: size(3),
  /** Ranks of a process, but for the last: all in one, where it is null. */
  most: fc.option(size(4), { nil: null }),
  microBatches: size(6),
  schedule: fc.constantFrom(...SCHEDULE_NAMES),
});

function flopsOf(jobs: readonly OneThread[], kernel: KernelName): number {
  return jobs
    .flatMap(({ layout }) => layout.train ?? [])
    .flatMap(({ instructions }) => instructions.filter((one) => one.kernel === kernel))
    .reduce((sum, { flops }) => sum + flops, 0);
}

test("the products of all ranks of a pipeline cost what those of one rank cost, to the flop, whatever the grid", (t) => {
  fc.assert(
    fc.property(job, ({ batch, hidden, gangs, replicas, slices, most, microBatches, schedule }) => {
      const wish: Wish = { model: mlp(hidden, "relu"), data: synthetic(40, 10, 20, 48), batch };
      const alone = [oneThread({ ...wish, fuses: false })];
      const all = gangs * replicas * slices;
      const ranks = Array.from({ length: Math.ceil(all / (most ?? all)) }, (_, process) =>
        Math.min(most ?? all, all - process * (most ?? all)),
      );
      const pipeline = { gangs, slices, microBatches, schedule };
      const piped = processesInTurn({ ...wish, pipeline, fuses: false }, ranks);
      for (const kernel of ["gemmNN", "gemmNT"] as const)
        t.is(flopsOf(piped, kernel), flopsOf(alone, kernel));
      // Every process that has a stage makes all of the gradients of its weights.
      if (most === null) t.is(flopsOf(piped, "gemmTN"), flopsOf(alone, "gemmTN"));
    }),
    { numRuns: 25 },
  );
});
