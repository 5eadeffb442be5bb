/** What a job's memory is, in which layout, and what is said where it cannot be had. */
import test from "ava";
import { checkLayer } from "../../src/base/layer.ts";
import { resolveSettings } from "../../src/base/resolve.ts";
import { flagLayer } from "../../src/cli/flags.ts";
import { pipelineOf } from "../../src/job/settings.ts";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { allBy } from "../../src/program/chunks.ts";
import { alone, type World } from "../../src/program/world.ts";
import { checkMemory, type FindLayout, type MemoryNeed } from "../../src/rank/memory-need.ts";
import { nearestLayout } from "../../src/rank/nearest-layout.ts";
import { planLayout, planOpenForms } from "../../src/rank/plan-layout.ts";
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
  t.regex(
    fix,
    /^use --layout dp=2,tp=1,pp=1 without --micro-batches and --schedule, the nearest that fits: it needs \d+\.\d MiB; or make/,
  );
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

/** What the flags of the command line come to. */
function needOf(flags: string, world: World) {
  const words = flags.split(" ");
  const given = Object.fromEntries(
    words.flatMap((word, at) => (at % 2 ? [[words[at - 1].slice(2), word]] : [])),
  );
  const { settings } = resolveSettings([checkLayer(flagLayer(given, words))], 1);
  const { layout } = settings;
  const pipeline = pipelineOf(settings, world.ranks);
  return planOpenForms({ ...job, world, pipeline, layout }, module);
}

const whole = ({ bytes, stagingBytes }: MemoryNeed) => bytes + stagingBytes;
/** From the nearest to four replicas on: by how often a factor is doubled or halved; then fewer stages, then fewer slices. */
const OTHERS = [
  "--layout dp=2,tp=2,pp=1",
  "--layout dp=2,tp=1,pp=2 --micro-batches 8",
  "--layout dp=1,tp=4,pp=1",
  "--layout dp=1,tp=2,pp=2 --micro-batches 8",
  "--layout dp=1,tp=1,pp=4 --micro-batches 16",
];

test("of all layouts of the ranks the nearest that fits is offered, as flags that can be copied", (t) => {
  for (const world of [alone(4), { self: 0, ranks: [1, 1, 1, 1] }, { self: 1, ranks: [3, 1] }]) {
    // All slices of a process share its memory, as its replicas do.
    const others = world.ranks.length > 1 ? OTHERS : OTHERS.filter((flags) => flags.includes("tp=1"));
    const needs = others.map((flags) => whole(needOf(flags, world)));
    for (const limit of new Set([...needs, Math.min(...needs) - 1])) {
      const options = { ...job, world, pipeline: undefined };
      const found = nearestLayout(options, module, (need) => whole(need) <= limit);
      const nearest = needs.findIndex((need) => need <= limit);
      t.is(found?.flags, others[nearest]);
      if (found) t.is(whole(found.need), needs[nearest]);
    }
  }
});

test("layouts with more stages than layers, or more slices than units, are not offered", (t) => {
  const world = { self: 0, ranks: [1, 1, 1] };
  const offered = (hidden: number[]) => {
    const tried: number[] = [];
    nearestLayout({ ...job, model: mlp(hidden, "relu"), world, pipeline: undefined }, module, (need) => {
      tried.push(whole(need));
      return false;
    });
    return tried.length;
  };
  t.is(offered([16, 16]), 2);
  t.is(offered([16]), 1);
  t.is(offered([16, 2]), 1);
});

test("what is offered has a sample of each micro-batch for every rank of a stage", (t) => {
  const offered = (batch: number, pipeline: typeof STAGES | undefined, ranks: number) => {
    const options = { ...job, world: alone(ranks), training: { ...training, batch }, pipeline };
    return nearestLayout(options, module, () => true)?.flags;
  };
  t.is(offered(64, undefined, 4), "--layout dp=2,tp=1,pp=2 --micro-batches 8");
  t.is(offered(7, undefined, 4), "--layout dp=2,tp=1,pp=2 --micro-batches 3");
  t.is(offered(64, STAGES, 8), "--layout dp=8,tp=1,pp=1 without --micro-batches and --schedule");
  t.is(offered(7, STAGES, 8), "--layout dp=2,tp=1,pp=4 --micro-batches 3");
});

test("where no layout fits, none is named", (t) => {
  const layout = planLayout(job, module, allBy("exchange"));
  const nearest: FindLayout = (fits) => nearestLayout(job, module, fits);
  const error = t.throws(() => checkMemory(layout, training.batch, nearest, 1000));
  t.is((error as unknown as { fix: string }).fix, "make the hidden layers or the batch smaller");
});
