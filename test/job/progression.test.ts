import test from "ava";
import { defaultSettings } from "../../src/base/config.ts";
import type { Observer, TrainOptions } from "../../src/job/options.ts";
import { Progression, type Source } from "../../src/job/progression.ts";
import { STEP_RING } from "../../src/rank/job.ts";
import { synthetic } from "../synthetic.ts";

/** A rank that does steps when it is told to; the loss of a step is its number. */
class FakeRank implements Source {
  readonly ring = new Float64Array(STEP_RING);
  stepsDone = 0;
  stopped = false;
  /** Steps that are done each time that a step is read. */
  stepsPerRead = 0;

  do(steps: number): void {
    for (; steps > 0; steps--) this.ring[this.stepsDone++ % STEP_RING] = this.stepsDone;
  }

  records(first: number, count: number): { losses: number[]; stepMs: number[] } {
    const losses = Array.from({ length: count }, (_, index) => {
      this.do(this.stepsPerRead);
      return this.ring[(first - 1 + index) % STEP_RING];
    });
    return { losses, stepMs: losses.map(() => 1) };
  }

  stopAfterThisStep(): void {
    this.stopped = true;
  }
}

function progression(rank: FakeRank, observer: Observer): Progression {
  const options = { data: synthetic(), observer } as unknown as TrainOptions;
  return new Progression(rank, options, defaultSettings("sgd", 1), 10 * STEP_RING, 0);
}

/** What is told of `steps` steps that are done before anybody listens. */
function told(rank: FakeRank, steps: number): number[] {
  const all: number[] = [];
  const losses = (first: number, some: readonly number[]) => {
    for (const [index, loss] of some.entries()) {
      if (loss !== first + index) throw new Error(`step ${first + index} was told as ${loss}`);
      all.push(loss);
    }
  };
  const following = progression(rank, { losses });
  following.begin({ step: 0, epoch: 0, stepInEpoch: 0 });
  rank.do(steps);
  following.end();
  following.check();
  return all;
}

for (const steps of [0, 1, 4096, 4097, STEP_RING - 16])
  test(`of ${steps} steps that nobody listened to, every loss is told once and in order`, (t) => {
    t.deepEqual(
      told(new FakeRank(), steps),
      Array.from({ length: steps }, (_, index) => index + 1),
    );
  });

for (const steps of [STEP_RING - 1, STEP_RING, STEP_RING + 1, 3 * STEP_RING])
  test(`of ${steps} steps the rings have lost the oldest: these are left out, the others are told rightly`, (t) => {
    const all = told(new FakeRank(), steps);
    t.is(all[0], steps - STEP_RING + 17);
    t.is(all.at(-1), steps);
    t.is(all.length, STEP_RING - 16);
  });

for (const stepsPerRead of [1, 3, 40])
  test(`with ${stepsPerRead} steps done while one is read, no step is told wrongly`, (t) => {
    const rank = new FakeRank();
    rank.stepsPerRead = stepsPerRead;
    const all = told(rank, STEP_RING);
    t.deepEqual(
      all,
      [...new Set(all)].sort((a, b) => a - b),
    );
  });

test("what the observer throws at the end is kept until it is asked for, and the ranks are stopped", (t) => {
  const rank = new FakeRank();
  const mine = new Error("mine");
  const following = progression(rank, {
    losses() {
      throw mine;
    },
  });
  following.begin({ step: 0, epoch: 0, stepInEpoch: 0 });
  rank.do(1);
  t.notThrows(() => following.end());
  t.true(rank.stopped);
  t.is(
    t.throws(() => following.check()),
    mine,
  );
});
