/** Who is named in a traced pipeline: its own programs on a virtual clock, with ranks as slow as one likes. */
import test from "ava";
import * as fc from "fast-check";
import { arrivalsOf, stragglerOf } from "../../src/profile/trace-arrivals.ts";
import { sharesOf } from "../../src/profile/trace-shares.ts";
import { timelineOf } from "../../src/profile/trace-timeline.ts";
import { EVEN, pipelineOf, type Shape, shape, widths } from "./any-pipeline.ts";
import { playTraces } from "./virtual-clock.ts";

/** Numbers in [0, 1) without a pattern at any stride (the finalizer of MurmurHash3, over seed + 1, seed + 2 …). */
function scattered(seed: number): () => number {
  let count = seed;
  return () => {
    let bits = ++count;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
  };
}

interface Slow {
  readonly rank: number;
  readonly times: number;
}

/** Who is named if each kernel takes as long as its arithmetic, give or take 2 %, but `slow.times` as long on that rank. */
function namedOf(hidden: readonly number[], drawn: Shape, seed: number, slow?: Slow): number | undefined {
  const scatter = scattered(seed);
  const traces = playTraces(pipelineOf(hidden, drawn), 10, ({ kernel, flops, bytes }, rank) => {
    if (kernel === null) return 0.1;
    const us = 0.2 + flops / 4e4 + bytes / 2e4;
    return us * (0.98 + 0.04 * scatter()) * (rank === slow?.rank ? slow.times : 1);
  });
  const timeline = timelineOf(traces);
  const [{ steps, stepUs }] = sharesOf(timeline);
  return stragglerOf(arrivalsOf(timeline), steps * stepUs)?.rank;
}

test("of a healthy pipeline of any shape, of stages however uneven, no rank is named", (t) => {
  fc.assert(
    fc.property(shape, widths, fc.nat(), (drawn, hidden, seed) => {
      t.is(namedOf(hidden, drawn, seed), undefined);
    }),
    { numRuns: 60 },
  );
});

test("of a pipeline with a rank that is slow no other rank is named", (t) => {
  fc.assert(
    fc.property(shape, widths, fc.nat(), (drawn, hidden, seed) => {
      const rank = seed % (drawn.gangs * drawn.gangRanks);
      t.true([undefined, rank].includes(namedOf(hidden, drawn, seed, { rank, times: 1.5 })));
    }),
    { numRuns: 60 },
  );
});

test("in a pipeline of even stages a rank that is slower by 30 % is named, unless its stage has less to do", (t) => {
  const even = shape.filter(({ gangs }) => gangs < 4);
  fc.assert(
    fc.property(even, fc.nat(), (drawn, seed) => {
      // The first stage makes no gradient of the samples.
      const { gangs, gangRanks } = drawn;
      const rank = gangRanks + (seed % ((gangs - 1) * gangRanks));
      t.is(namedOf(EVEN, drawn, seed, { rank, times: 1.3 }), rank);
    }),
    { numRuns: 60 },
  );
});
