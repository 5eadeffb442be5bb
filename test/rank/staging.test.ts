/** Buffers in which transfers are put together: what they come to, and that bytes find their places. */
import test from "ava";
import * as fc from "fast-check";
import { SCHEDULE_NAMES } from "../../src/base/config.ts";
import { mlp } from "../../src/nn/models.ts";
import { allBy } from "../../src/program/chunks.ts";
import { Staging } from "../../src/rank/staging.ts";
import { processesInTurn } from "../program/processes-in-turn.ts";
import { synthetic } from "../synthetic.ts";

const size = (max: number) => fc.integer({ min: 1, max });

const job = fc.record({
  batch: size(40),
  short: size(40),
  clipNorm: fc.option(fc.constant(0.5), { nil: undefined }),
  /** Of several processes. */
  ranks: fc.array(size(3), { minLength: 2, maxLength: 4 }),
  hidden: fc.array(size(40), { minLength: 3, maxLength: 3 }),
  form: fc.constantFrom("exchange", "sharded", "ordered", "ring"),
  /** Null for replicas alone. */
  pipeline: fc.option(fc.record({ microBatches: size(5), schedule: fc.constantFrom(...SCHEDULE_NAMES) }), {
    nil: null,
  }),
  draw: fc.nat(),
});
type Job = typeof job extends fc.Arbitrary<infer Value> ? Value : never;

/** Stages and slices that ranks can be. */
function gridOf(ranks: number, draw: number) {
  const divisors = (of: number) => Array.from({ length: of }, (_, i) => i + 1).filter((i) => of % i === 0);
  const stages = divisors(ranks).filter((gangs) => gangs <= 4);
  const gangs = stages[draw % stages.length];
  const slices = divisors(ranks / gangs);
  return { gangs, slices: slices[draw % slices.length] };
}

function processesOf({ batch, short, clipNorm, ranks, hidden, form, pipeline, draw }: Job) {
  const all = ranks.reduce((sum, count) => sum + count, 0);
  return processesInTurn(
    {
      ...{
        model: mlp(hidden, "relu"),
        data: synthetic(batch + short, 10),
        batch,
        clipNorm,
        sums: allBy(form),
      },
      pipeline: pipeline ? { ...gridOf(all, draw), ...pipeline } : undefined,
    },
    ranks,
  );
}

test("all bytes of a transfer find their places, and the buffers for it come to what the plan says, whatever the layout", (t) => {
  let largest = 0;
  fc.assert(
    fc.property(job, (drawn) => {
      const jobs = processesOf(drawn);
      const stagings = jobs.map(({ memory, world }) => new Staging(memory, world));
      for (const samples of [Math.min(drawn.short, drawn.batch), drawn.batch])
        for (const { id, sender, receivers, allreduce } of jobs[0].layout.transfers)
          for (const receiver of allreduce === null ? receivers : []) {
            const there = jobs[receiver].layout.transfers[id];
            const sent = stagings[sender].gather(jobs[sender].layout.transfers[id], samples);
            const place = stagings[receiver].place(there, samples);
            t.is(place.length, sent.length);
            place.set(sent.map((_, index) => (index * 31 + id) % 251));
            const expected = place.slice();
            stagings[receiver].scatter(there, samples);
            const { memory, world } = jobs[receiver];
            t.deepEqual(new Staging(memory, world).gather(there, samples), expected);
          }
      for (const [process, { layout }] of jobs.entries()) {
        t.is(stagings[process].bytes, layout.stagingBytes);
        largest = Math.max(largest, layout.stagingBytes);
      }
    }),
    { numRuns: 25 },
  );
  t.true(largest > 1000, `${largest}`);
});
