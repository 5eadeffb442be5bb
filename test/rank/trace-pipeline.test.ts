/** What is told of traced pipelines: their own programs on a virtual clock, with ranks as slow as one likes. */
import test from "ava";
import * as fc from "fast-check";
import { SCHEDULE_NAMES } from "../../src/base/config.ts";
import { mlp } from "../../src/nn/models.ts";
import { arrivalsOf, stragglerOf } from "../../src/profile/trace-arrivals.ts";
import { sharesOf } from "../../src/profile/trace-shares.ts";
import { timelineOf } from "../../src/profile/trace-timeline.ts";
import { oneThread } from "../program/one-thread.ts";
import { synthetic } from "../synthetic.ts";
import { playTraces } from "./virtual-clock.ts";

const shape = fc.record({
  gangs: fc.integer({ min: 2, max: 4 }),
  gangRanks: fc.integer({ min: 1, max: 2 }),
  microBatches: fc.integer({ min: 1, max: 6 }),
  schedule: fc.constantFrom(...SCHEDULE_NAMES),
  seed: fc.nat(),
});
type Shape = typeof shape extends fc.Arbitrary<infer Value> ? Value : never;

/** Numbers in [0, 1) without a pattern at any stride (the finalizer of MurmurHash3, over 0, 1, 2 …). */
function scattered(seed: number): () => number {
  let count = seed;
  return () => {
    let bits = ++count;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Stages of two layers and more, all of one width or of several. */
const EVEN = [32, 32, 32, 32, 32, 32, 32];
const widths = fc.array(fc.constantFrom(16, 32, 32, 32, 64), { minLength: 7, maxLength: 7 });

/** Who is named if each kernel takes as long as its arithmetic, give or take 2 %, and rank `slow` so many times as long. */
function namedOf(hidden: readonly number[], drawn: Shape, slow = 0, slowness = 1): number | undefined {
  const { gangs, gangRanks, microBatches, schedule, seed } = drawn;
  const data = synthetic(96, 10, 32, 32);
  const pipeline = { gangs, microBatches, schedule };
  const ranks = gangs * gangRanks;
  const job = oneThread({ model: mlp([...hidden], "relu"), data, batch: 48, ranks, pipeline });
  const scatter = scattered(seed);
  const traces = playTraces(job, 10, ({ kernel, flops, bytes }, rank) => {
    if (kernel === null) return 0.1;
    const us = 0.2 + flops / 4e4 + bytes / 2e4;
    return us * (0.98 + 0.04 * scatter()) * (rank === slow ? slowness : 1);
  });
  const timeline = timelineOf(traces);
  const [{ steps, stepUs }] = sharesOf(timeline);
  return stragglerOf(arrivalsOf(timeline), steps * stepUs)?.rank;
}

test("of a healthy pipeline of any shape, of stages however uneven, no rank is named", (t) => {
  fc.assert(
    fc.property(shape, widths, (drawn, hidden) => t.is(namedOf(hidden, drawn), undefined)),
    { numRuns: 60 },
  );
});

test("of a pipeline with a rank that is slow no other rank is named", (t) => {
  fc.assert(
    fc.property(shape, widths, fc.nat(7), (drawn, hidden, rank) => {
      const slow = rank % (drawn.gangs * drawn.gangRanks);
      t.true([undefined, slow].includes(namedOf(hidden, drawn, slow, 1.5)));
    }),
    { numRuns: 60 },
  );
});

test("in a pipeline of even stages a rank that is slower by 30 % is named, unless its stage has less to do", (t) => {
  const even = shape.filter(({ gangs }) => gangs < 4);
  fc.assert(
    fc.property(even, fc.nat(7), (drawn, rank) => {
      // The first stage makes no gradient of the samples.
      const { gangs, gangRanks } = drawn;
      const slow = gangRanks + (rank % ((gangs - 1) * gangRanks));
      t.is(namedOf(EVEN, drawn, slow, 1.3), slow);
    }),
    { numRuns: 60 },
  );
});
