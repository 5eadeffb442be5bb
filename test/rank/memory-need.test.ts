/** What a job's memory is, in which layout, and what is said where it cannot be had. */
import test from "ava";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { allBy } from "../../src/program/chunks.ts";
import { alone, type World } from "../../src/program/world.ts";
import { checkMemory, type FindLayout } from "../../src/rank/memory-need.ts";
import { nearestLayout } from "../../src/rank/nearest-layout.ts";
import { planLayout } from "../../src/rank/plan-layout.ts";
import { synthetic } from "../synthetic.ts";

const { module } = compileKernels("auto");
const training = { optimizer: "sgd", batch: 64, clipNorm: null, learningRate: 1, weightDecay: 0 } as const;
const STAGES = { gangs: 2, slices: 1, microBatches: 4, schedule: "1f1b" } as const;
const job = {
  ...{ model: mlp([512, 512, 512], "relu"), data: synthetic(64, 10), world: alone(2), training },
  pipeline: STAGES,
};

test("a process has no room for what only the stages of others make", (t) => {
  const bytesOf = (world: World) => planLayout({ ...job, world }, module, allBy("exchange")).bytes;
  const whole = bytesOf(alone(2));
  // Gradients alone are a MiB a layer.
  for (const self of [0, 1]) t.true(bytesOf({ self, ranks: [1, 1] }) < whole - 2 ** 20, `process ${self}`);
});

test("a job that does not fit is refused with what it needs, and with the nearest layout that fits", (t) => {
  const layout = planLayout(job, module, allBy("exchange"));
  const nearest: FindLayout = (fits) => nearestLayout(job, module, fits);
  const limitBytes = layout.bytes - 1;
  t.throws(() => checkMemory(layout, training.batch, nearest, limitBytes), {
    code: "too-much-memory",
    message:
      /^this job needs \d+\.\d MiB of memory in one process; .*linear2\.weight \[512,512\] alone is 1\.0 MiB/,
  });
  const { fix } = t.throws(() => checkMemory(layout, training.batch, nearest, limitBytes)) as unknown as {
    fix: string;
  };
  t.regex(fix, /^use --layout dp=2,tp=1,pp=1, the nearest that fits: it needs \d+\.\d MiB; or make/);
  const { bytes } = planLayout({ ...job, pipeline: undefined }, module, allBy("exchange"));
  t.is(nearest(({ bytes }) => bytes <= limitBytes)?.need.bytes, bytes);
});

test("what messages are put together in is part of the need, but not of the shared memory", (t) => {
  const [bytes, stagingBytes] = [2 ** 32, 2 ** 30];
  const { step } = planLayout(job, module, allBy("exchange"));
  const check = (need: { bytes: number; stagingBytes: number }, availableBytes: number) =>
    checkMemory({ ...need, step }, training.batch, () => null, availableBytes);
  t.notThrows(() => check({ bytes, stagingBytes }, bytes + stagingBytes));
  t.throws(() => check({ bytes, stagingBytes }, bytes + stagingBytes - 1), {
    code: "too-much-memory",
    message: /^this job needs 5\.0 GiB .*, what messages are put together in is 1\.0 GiB\. A process holds/,
  });
  t.throws(() => check({ bytes: bytes + 1, stagingBytes: 0 }, 2 ** 40), { message: /1\.0 MiB\. A process/ });
});

test("where no layout fits, none is named", (t) => {
  const layout = planLayout(job, module, allBy("exchange"));
  const nearest: FindLayout = (fits) => nearestLayout(job, module, fits);
  const error = t.throws(() => checkMemory(layout, training.batch, nearest, 1000));
  t.is((error as unknown as { fix: string }).fix, "make the hidden layers or the batch smaller");
});
