/** Slices over several processes that divide layers in pairs (`--numerics fast`): nearly the losses of one rank, and the same bits twice. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type Ended, workplace } from "../cli/child.ts";
import { Launched, processesOf } from "./stories.ts";

/** Four steps of 50 samples and one of 20, three times. 67, 29 and 35 columns: the last are too few for three slices. */
const SAMPLES = 220;
const TRAIN = ["train", "--dataset", "./data", "--hidden", "67,29,35", "--batch", "50", "--json"];
const JOB = ["--activation", "gelu", "--optimizer", "momentum", "--lr", "0.1", "--epochs", "3"];
const ONE = ["--ranks", "1"];
const FAST = ["--numerics", "fast"];

async function run(t: ExecutionContext, folder: string, ...argv: readonly string[]): Promise<Ended> {
  const ended = await new Launched(t, folder, argv).ended;
  t.is(ended.exitCode, 0, ended.stderr);
  return ended;
}

const hashOf = ({ objects }: Ended) => String(objects.at(-1)?.weightsSha256);
const lossesOf = ({ objects }: Ended) =>
  objects.flatMap(({ trainLoss, testLoss }) => (typeof testLoss === "number" ? [[trainLoss, testLoss]] : []));

function near(t: ExecutionContext, one: Ended, other: Ended): void {
  const [losses, others] = [one, other].map((ended) => lossesOf(ended).flat() as number[]);
  t.is(losses.length, others.length);
  t.true(losses.length > 0);
  for (const [index, loss] of losses.entries())
    t.true(Math.abs(loss - others[index]) < 1e-4 * (1 + loss), `${others} for ${losses}`);
}

const planOf = (folder: string, runDir: string) =>
  JSON.parse(readFileSync(join(folder, runDir, "plan.json"), "utf8")).pipeline;

const FIRST = ["linear1", "linear2"];
const BOTH = [FIRST, ["linear3", "linear4"]];
const A_PROCESS_EACH = ["--ranks-per-process", "1"];

for (const [name, layout, pairs] of [
  ["three slices in three processes", ["tp=3", ...A_PROCESS_EACH], [FIRST]],
  ["four slices in two processes", ["tp=4", "--ranks-per-process", "2"], [FIRST]],
  ["two replicas of two slices in four processes", ["dp=2,tp=2", ...A_PROCESS_EACH], BOTH],
  [
    "two stages of two slices in four processes",
    ["tp=2,pp=2", "--micro-batches", "3", ...A_PROCESS_EACH],
    BOTH,
  ],
] as const)
  test.serial(`${name} come near one rank, in pairs of layers`, async (t) => {
    const folder = workplace(t, SAMPLES);
    const one = await run(t, folder, ...TRAIN, ...JOB, ...ONE);
    const paired = await run(t, folder, ...TRAIN, ...JOB, ...FAST, "--layout", ...layout, "--run-dir", "out");
    t.deepEqual(planOf(folder, "out").pairs, pairs);
    near(t, one, paired);
    t.not(hashOf(paired), hashOf(one));
    t.deepEqual(await processesOf(folder), []);
  });

test.serial(
  "a checkpoint of pairs goes on in the same slices to the same weights, in one rank nearly, and is evaluated",
  async (t) => {
    const folder = workplace(t, SAMPLES);
    const train = [...TRAIN, ...JOB.slice(0, 2), "--optimizer", "adam", "--epochs", "4", ...FAST];
    const slices = ["--layout", "tp=2", ...A_PROCESS_EACH];
    const whole = await run(t, folder, ...train, ...slices);
    for (const out of ["slices", "one"])
      await run(t, folder, ...train, ...slices, "--max-steps", "8", "--run-dir", out);
    const resume = (out: string) => ["train", "--resume", out, "--max-steps", "20", "--json"];
    const ended = await run(t, folder, ...resume("slices"), ...slices);
    t.is(hashOf(ended), hashOf(whole));
    const alone = await run(t, folder, ...resume("one"), ...ONE);
    const [last, lastAlone] = [ended, alone].map((one) => Number(lossesOf(one).at(-1)?.[1]));
    t.true(Math.abs(last - lastAlone) < 1e-3, `${last}, ${lastAlone}`);
    const evaluated = await run(t, folder, "eval", "slices", "--json");
    t.is(evaluated.objects.at(-1)?.loss, lossesOf(ended).at(-1)?.[1]);
  },
);

test.serial(
  "where gradients are clipped no layers are paired, and slices leave the weights of one rank",
  async (t) => {
    const folder = workplace(t, SAMPLES);
    const clip = ["--clip-norm", "0.5"];
    const one = await run(t, folder, ...TRAIN, ...JOB, ...clip, ...ONE);
    const two = await run(
      t,
      folder,
      ...TRAIN,
      ...JOB,
      ...clip,
      "--layout",
      "tp=2",
      ...FAST,
      ...A_PROCESS_EACH,
      "--run-dir",
      "out",
    );
    t.deepEqual(planOf(folder, "out").pairs, []);
    t.is(hashOf(two), hashOf(one));
  },
);
