/** Runs of slices and stages over several processes that are cut off, or stopped by Ctrl-C, and taken up in another layout. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type Ended, workplace } from "../cli/child.ts";
import { Launched, processesOf, temporary } from "./stories.ts";

/** Five steps an epoch, the last of which is short. */
const SAMPLES = 220;
const TRAIN = [
  ...["train", "--dataset", "./data", "--hidden", "19,13,11", "--batch", "50", "--json"],
  ...["--activation", "gelu", "--optimizer", "adam", "--clip-norm", "0.05"],
];

const ONE = ["--ranks", "1"];
const STAGES = ["--layout", "pp=2", "--ranks-per-process", "1", "--micro-batches", "4"];
const SLICES = ["--layout", "tp=2", "--ranks-per-process", "1"];

async function run(t: ExecutionContext, folder: string, ...argv: readonly string[]): Promise<Ended> {
  const ended = await new Launched(t, folder, argv).ended;
  t.is(ended.exitCode, 0, ended.stderr);
  return ended;
}

const hashOf = ({ objects }: Ended) => String(objects.at(-1)?.weightsSha256);

for (const [name, before, after] of [
  ["stages goes on in one rank", STAGES, ONE],
  ["stages goes on in slices", STAGES, SLICES],
  ["one rank goes on in stages", ONE, STAGES],
  ["slices goes on in stages", SLICES, STAGES],
] as const)
  test.serial(
    `a run of ${name} in the middle of an epoch, with the weights of one that was never cut off`,
    async (t) => {
      const folder = workplace(t, SAMPLES);
      const whole = await run(t, folder, ...TRAIN, ...ONE, "--epochs", "4");
      await run(t, folder, ...TRAIN, ...before, "--epochs", "4", "--max-steps", "8", "--run-dir", "out");
      const ended = await run(t, folder, "train", "--resume", "out", "--max-steps", "20", "--json", ...after);
      t.like(ended.objects.at(-1), { status: "ok", steps: 20 });
      t.is(hashOf(ended), hashOf(whole));
    },
  );

/** They have to be slow to be met in the middle, and come late to meetings at random. */
const LATE = { LOCKSTEP_FAULT: "delay:*:1:1" };
const EPOCHS = ["--epochs", "60"];

for (const [name, flags] of [
  [
    "three stages in three processes",
    ["--layout", "pp=3", "--micro-batches", "3", "--ranks-per-process", "1"],
  ],
  [
    "two stages of two replicas in four processes",
    ["--layout", "dp=2,pp=2", "--micro-batches", "3", "--ranks-per-process", "1"],
  ],
] as const)
  test.serial(`Ctrl-C stops ${name} after the same step, from which one rank goes on`, async (t) => {
    const folder = workplace(t, SAMPLES);
    const launched = new Launched(t, folder, [...TRAIN, ...flags, ...EPOCHS, "--run-dir", "out"], LATE);
    await launched.trains("out");
    launched.process.kill("SIGINT");
    const { exitCode, stderr, objects } = await launched.ended;
    t.is(exitCode, 130, stderr);
    t.like(objects.at(-1), { status: "interrupted" }, stderr);
    const steps = Number(objects.at(-1)?.steps);
    t.true(steps > 0 && steps < 300, `${steps}`);
    t.is(
      readdirSync(join(folder, "out", "checkpoints")).at(-1),
      `step-${`${steps}`.padStart(8, "0")}.safetensors`,
    );
    t.deepEqual(await processesOf(folder), []);
    t.deepEqual(readdirSync(temporary(folder)), []);
    const whole = await run(t, folder, ...TRAIN, ...ONE, ...EPOCHS);
    const ended = await run(t, folder, "train", "--resume", "out", "--json", ...ONE);
    t.is(hashOf(ended), hashOf(whole));
  });

test.serial("a second Ctrl-C ends stages in three processes at once, though one hangs", async (t) => {
  const folder = workplace(t, SAMPLES);
  const flags = [
    "--layout",
    "pp=3",
    "--micro-batches",
    "3",
    "--ranks-per-process",
    "1",
    "--epochs",
    "100000",
  ];
  const launched = new Launched(t, folder, [...TRAIN, ...flags, "--run-dir", "out"], {
    LOCKSTEP_FAULT: "hang:1:7",
  });
  await launched.trains("out");
  launched.process.kill("SIGINT");
  await launched.said(/stopping: finishing the step/);
  await new Promise((resolve) => setTimeout(resolve, 400)); // Less is one press of two signals.
  launched.process.kill("SIGINT");
  t.is((await launched.ended).exitCode, 130);
  t.deepEqual(await processesOf(folder, 5000), []);
  t.deepEqual(readdirSync(temporary(folder)), []);
});
