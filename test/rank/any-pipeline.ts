/** Pipelines of any shape, drawn: their layout and programs, without threads. */
import * as fc from "fast-check";
import { SCHEDULE_NAMES } from "../../src/base/config.ts";
import { mlp } from "../../src/nn/models.ts";
import { type OneThread, oneThread } from "../program/one-thread.ts";
import { synthetic } from "../synthetic.ts";

export const shape = fc.record({
  gangs: fc.integer({ min: 2, max: 4 }),
  gangRanks: fc.integer({ min: 1, max: 2 }),
  microBatches: fc.integer({ min: 1, max: 6 }),
  schedule: fc.constantFrom(...SCHEDULE_NAMES),
});
export type Shape = typeof shape extends fc.Arbitrary<infer Value> ? Value : never;

/** Stages of two layers and more, all of one width or of several. */
export const EVEN = [32, 32, 32, 32, 32, 32, 32];
export const widths = fc.array(fc.constantFrom(16, 32, 32, 32, 64), { minLength: 7, maxLength: 7 });

export function pipelineOf(
  hidden: readonly number[],
  { gangs, gangRanks, microBatches, schedule }: Shape,
): OneThread {
  const data = synthetic(96, 10, 32, 32);
  const pipeline = { gangs, slices: 1, microBatches, schedule };
  return oneThread({ model: mlp([...hidden], "relu"), data, batch: 48, ranks: gangs * gangRanks, pipeline });
}
