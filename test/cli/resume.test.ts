import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test from "ava";
import { Child, json, lockstep, TINY, workplace } from "./child.ts";

test("Ctrl-C keeps the work; resumed on more ranks, the run has the weights of one that was never interrupted", async (t) => {
  const folder = workplace(t);
  const long = [...TINY, "--epochs", "100000", "--run-dir", "cut"];
  const child = new Child(folder, [...long, "-v"]);
  await child.said(/wrote .*step-00000060/);
  child.process.kill("SIGINT");
  const { exitCode, stderr, stdout } = await child.ended;
  t.is(exitCode, 130, stderr);
  t.regex(
    stderr,
    /stopping: finishing the step and writing the checkpoint \(once more, after a moment, to stop at once\)\n/,
  );
  t.true(stdout.endsWith("cut\n"));
  const { status, steps } = json(folder, "cut", "status.json");
  t.is(status, "interrupted");

  const end = String(steps + 7);
  const resumed = await lockstep(
    folder,
    "train",
    "--resume",
    "cut",
    ...["--ranks", "3", "--max-steps", end, "--allreduce", "ordered", "--json"],
  );
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.like(resumed.objects.at(-1), { status: "ok", steps: steps + 7, runDir: join(folder, "cut"), ranks: 3 });
  t.like(json(folder, "cut", "status.json"), { status: "ok", steps: steps + 7 });
  const straight = await lockstep(folder, ...TINY, "--epochs", "100000", "--max-steps", end, "--json", "-q");
  t.is(resumed.objects.at(-1)?.weightsSha256, straight.objects.at(-1)?.weightsSha256);

  const recorded = readFileSync(join(folder, "cut", "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).step)
    .filter(Boolean);
  t.deepEqual(
    recorded,
    [...new Set(recorded)].sort((a, b) => a - b),
    "no step is recorded twice",
  );
});

test("a finished run, another learning rate (also in its config.yaml) and a run in use are not resumed, and nothing changes", async (t) => {
  const folder = workplace(t);
  await lockstep(folder, ...TINY, "--epochs", "1", "--run-dir", "done");
  const before = readFileSync(join(folder, "done", "status.json"), "utf8");
  const refused = async (...argv: string[]) => {
    const { exitCode, stderr } = await lockstep(folder, "train", "--resume", "done", ...argv);
    t.is(exitCode, 2, stderr);
    t.is(readFileSync(join(folder, "done", "status.json"), "utf8"), before);
    return stderr;
  };
  t.is(await refused(), "lockstep: done has finished its 30 steps\n  fix: raise --epochs above 1\n");
  t.is(
    await refused("--epochs", "2", "--max-steps", "10"),
    "lockstep: done has done 30 steps already, and --max-steps is 10\n  fix: raise --max-steps above 30\n",
  );
  t.is(
    await refused("--epochs", "2", "--max-steps", "30"),
    "lockstep: done has finished its 30 steps\n  fix: raise --max-steps above 30\n",
  );
  t.regex(await refused("--max-steps", "10"), /fix: raise --max-steps above 30, and --epochs above 1\n$/);
  t.regex(
    await refused("--lr", "0.25", "--batch", "20", "--seed", "2"),
    /keeps its settings: seed is 1 there and 2 here; lr is 0.5 there and 0.25 here\n/,
  );
  t.regex(
    await refused("--numerics", "fast", "--allreduce", "ring", "--epochs", "2"),
    /numerics is exact there and fast here; allreduce is auto there and ring here\n/,
  );
  const config = join(folder, "done", "config.yaml");
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace(/^lr: .*$/m, "lr: 0.125"));
  t.is(
    await refused("--epochs", "2"),
    "lockstep: a resumed run keeps its settings: lr is 0.5 there and 0.125 in its config.yaml\n" +
      "  fix: undo the change in config.yaml, or train a new run\n",
  );
  const running = new Child(folder, [...TINY, "--epochs", "100000", "--run-dir", "busy", "-v"]);
  await running.said(/wrote/);
  const { exitCode, stderr } = await lockstep(folder, "train", "--resume", "busy");
  t.is(exitCode, 2);
  t.is(
    stderr,
    `lockstep: busy is being trained by process ${running.process.pid}\n  fix: wait for it, or stop it: kill ${running.process.pid}\n`,
  );
  running.process.kill("SIGTERM");
  t.is((await running.ended).exitCode, 130);
});

test("of two that take up the same run at once, one trains and the other is refused", async (t) => {
  const folder = workplace(t);
  await lockstep(folder, ...TINY, "--epochs", "1", "--run-dir", "out", "-q");
  const argv = ["train", "--resume", "out", "--epochs", "300", "--json", "-q"];
  const ended = await Promise.all([lockstep(folder, ...argv), lockstep(folder, ...argv)]);
  t.deepEqual(ended.map(({ exitCode }) => exitCode).sort(), [0, 2]);
  const refused = ended.find(({ exitCode }) => exitCode === 2);
  t.like(refused?.objects.at(-1)?.error, { code: "run-in-use" });
  t.like(json(folder, "out", "status.json"), { status: "ok", steps: 9000 });
});

test("Ctrl-C twice stops at once, though a rank hangs", async (t) => {
  const folder = workplace(t);
  const child = new Child(folder, [...TINY, "--run-dir", "out", "-v"], { LOCKSTEP_FAULT: "hang:1:35" });
  await child.said(/wrote .*step-00000030/);
  child.process.kill("SIGINT");
  await child.said(/stopping/);
  await setTimeout(350);
  child.process.kill("SIGINT");
  const { exitCode } = await child.ended;
  t.is(exitCode, 130);
  t.like(json(folder, "out", "status.json"), { status: "interrupted" });
});
