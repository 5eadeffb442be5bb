import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Child, json, TINY, workplace } from "./child.ts";

test("an interrupted run says whose accuracy it prints, where it stopped and how to go on, and its status kept up", async (t) => {
  const folder = workplace(t);
  const child = new Child(folder, [
    ...TINY,
    "--epochs",
    "1000",
    "--hidden",
    "256",
    "--run-dir",
    "my run",
    "-v",
  ]);
  await child.said(/wrote .*step-00000060/);
  t.true(json(folder, "my run", "status.json").steps >= 60);
  t.is(json(folder, "my run", "status.json").status, "running");
  child.process.kill("SIGINT");
  const { exitCode, stdout, stderr } = await child.ended;
  t.is(exitCode, 130, stderr);
  const { steps, summary } = json(folder, "my run", "status.json");
  const { epoch, testAccuracy } = summary.epochs.at(-1);
  const after = steps === 30 * epoch ? "" : ` after epoch ${epoch}`;
  t.true(stdout.includes(`\naccuracy   ${(100 * testAccuracy).toFixed(2)} %${after}\n`), stdout);
  const said = /interrupted at step ([\d,]+); go on with: lockstep train --resume 'my run'/.exec(stderr);
  t.is(Number(said?.[1].replaceAll(",", "")), steps, stderr);
});

test("a model function that never returns is stopped by the first signal", async (t) => {
  const folder = workplace(t);
  writeFileSync(
    join(folder, "loop.mjs"),
    "export default () => {\n  console.error('looping');\n  for (;;);\n};\n",
  );
  const child = new Child(folder, ["train", "--dataset", "data", "--batch", "20", "--model", "loop.mjs"]);
  t.teardown(() => child.process.kill("SIGKILL"));
  await child.said(/looping/);
  child.process.kill("SIGINT");
  t.is((await child.ended).signal, "SIGINT");
});

test("a run whose folder is removed says so", async (t) => {
  const folder = workplace(t);
  const child = new Child(folder, [...TINY, "--epochs", "1000", "--hidden", "256", "--run-dir", "run", "-v"]);
  await child.said(/wrote .*step-00000030/);
  renameSync(join(folder, "run"), join(folder, "elsewhere"));
  const { exitCode, stderr } = await child.ended;
  t.is(exitCode, 1);
  t.regex(
    stderr,
    /^lockstep: the run folder run, or a part of it, was removed while training\n {2}fix: train again/m,
  );
});

test("a run that is interrupted as soon as its folder is there ends in order, and can be taken up", async (t) => {
  const folder = workplace(t);
  const child = new Child(folder, [...TINY, "--epochs", "1000", "--run-dir", "early"]);
  while (!existsSync(join(folder, "early")) && child.process.exitCode === null)
    await new Promise((resolve) => setImmediate(resolve));
  child.process.kill("SIGINT");
  const { exitCode, signal, stderr } = await child.ended;
  t.deepEqual([exitCode, signal], [130, null], stderr);
  t.regex(stderr, /interrupted at step \d+; go on with: lockstep train --resume early/);
  t.is(json(folder, "early", "status.json").status, "interrupted");
});
