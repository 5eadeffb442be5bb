import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { json, workplace } from "../cli/child.ts";
import { Launched, processesOf, TRAIN, temporary } from "./stories.ts";

const FOR_EVER = ["--epochs", "100000", "--run-dir", "out"];
const PROCESS = /launch\/process\.js/;

test.serial("one process, two, or many of unequal size leave the weights of one rank", async (t) => {
  const folder = workplace(t);
  const short = [...TRAIN, "--epochs", "2", "--json"];
  const alone = await new Launched(t, folder, [...short, "--ranks", "1"]).ended;
  t.is(alone.exitCode, 0, alone.stderr);
  for (const [argv, processes] of [
    [["--hosts", "localhost:2"], 1],
    [["--hosts", "localhost:3,127.0.0.1:1"], 2],
    [["--ranks", "4", "--ranks-per-process", "2"], 2],
    [["--hosts", "localhost:2,[::1]:1", "--ranks-per-process", "1"], 3],
  ] as const) {
    const { exitCode, stderr, objects } = await new Launched(t, folder, [...short, ...argv]).ended;
    t.is(exitCode, 0, stderr);
    const [last, expected] = [objects.at(-1), alone.objects.at(-1)];
    t.like(last, { status: "ok", processes, steps: 60, weightsSha256: expected?.weightsSha256 });
    const losses = (all: object[]) => all.map((record) => (record as { trainLoss?: number }).trainLoss);
    t.deepEqual(losses(objects), losses(alone.objects));
  }
  t.deepEqual(await processesOf(folder), []);
});

test.serial("the folder of a launched run has what that of any other has, and its hosts", async (t) => {
  const folder = workplace(t);
  const argv = [...TRAIN, "--epochs", "2", "--hosts", "localhost:1,127.0.0.1:2", "--run-dir", "out"];
  const { exitCode, stderr } = await new Launched(t, folder, argv).ended;
  t.is(exitCode, 0, stderr);
  t.regex(stderr, /3 ranks in 2 processes on 2 hosts/);
  t.deepEqual(readdirSync(join(folder, "out")).sort(), [
    ...["checkpoints", "config.yaml", "env.json", "logs", "metrics.jsonl", "plan.json", "status.json"],
  ]);
  t.deepEqual(readdirSync(join(folder, "out", "checkpoints")), [
    "step-00000030.safetensors",
    "step-00000060.safetensors",
  ]);
  t.regex(readFileSync(join(folder, "out", "config.yaml"), "utf8"), /^hosts: "localhost:1,127.0.0.1:2"$/m);
  t.like(json(folder, "out", "env.json"), {
    hosts: [
      { host: "localhost", ranks: 1 },
      { host: "127.0.0.1", ranks: 2 },
    ],
  });
  const resumed = new Launched(t, folder, [
    "train",
    "--resume",
    "out",
    "--epochs",
    "3",
    "--ranks",
    "1",
    "--json",
  ]);
  const { objects } = await resumed.ended;
  const whole = await new Launched(t, folder, [...TRAIN, "--epochs", "3", "--ranks", "2", "--json"]).ended;
  t.like(objects.at(-1), { processes: 1, weightsSha256: whole.objects.at(-1)?.weightsSha256 });
});

test.serial("what processes print is tagged on stderr and kept in the run's logs", async (t) => {
  const folder = workplace(t);
  const { exitCode, stdout, stderr } = await new Launched(t, folder, [
    ...[
      "train",
      "--dataset",
      "./data",
      "--model",
      join(process.cwd(), "test", "launch", "talking-model.mjs"),
    ],
    ...["--batch", "20", "--epochs", "1", "--hosts", "localhost:1,127.0.0.1:2", "--run-dir", "out", "--json"],
  ]).ended;
  t.is(exitCode, 0, stderr);
  t.regex(stderr, /^\[0 localhost\] a model speaks$/m);
  t.regex(stderr, /^\[1-2 127\.0\.0\.1\] a model speaks$/m);
  t.notRegex(stdout, /\[.*a model speaks/);
  t.regex(
    readFileSync(join(folder, "out", "logs", "train.log"), "utf8"),
    /\[1-2 127\.0\.0\.1\] a model speaks/,
  );
});

for (const [victim, name] of [
  [0, /process 0 \(ranks 0-1 on localhost\) was killed by SIGKILL/],
  [1, /process 1 \(rank 2 on 127\.0\.0\.1\) was killed by SIGKILL/],
] as const) {
  test.serial(`when process ${victim} is killed it is named, and the others are gone`, async (t) => {
    const folder = workplace(t);
    const argv = [...TRAIN, ...FOR_EVER, "--hosts", "localhost:2,127.0.0.1:1", "--json"];
    const launched = new Launched(t, folder, argv);
    await launched.trains("out");
    const processes = (await processesOf(folder)).filter(({ command }) =>
      /lockstep process|launch\/process/.test(command),
    );
    t.is(processes.length, 2);
    processes.sort((a, b) => a.pid - b.pid);
    process.kill(processes[victim].pid, "SIGKILL");
    const { exitCode, stderr, objects } = await launched.ended;
    t.is(exitCode, 1, stderr);
    t.regex(stderr, name);
    t.like(objects.at(-1)?.error, { code: "process-killed", rank: 2 * victim });
    t.like(json(folder, "out", "status.json"), { status: "failed", error: { code: "process-killed" } });
    t.deepEqual(await processesOf(folder, 5000), []);
    t.deepEqual(readdirSync(temporary(folder)), []);
  });
}

test.serial("when the launcher is killed nobody is left, though a rank hangs", async (t) => {
  const folder = workplace(t);
  const argv = [...TRAIN, ...FOR_EVER, "--hosts", "localhost:1,127.0.0.1:1"];
  const launched = new Launched(t, folder, argv, { LOCKSTEP_FAULT: "hang:0:40" });
  await launched.trains("out");
  launched.process.kill("SIGKILL");
  await launched.ended;
  t.deepEqual(await processesOf(folder, 10_000), []);
  t.deepEqual(readdirSync(temporary(folder)), []);
});

test.serial("Ctrl-C finishes the step and keeps the work; a second one ends all at once", async (t) => {
  const folder = workplace(t);
  const argv = [...TRAIN, ...FOR_EVER, "--hosts", "localhost:1,127.0.0.1:1", "--json"];
  const launched = new Launched(t, folder, argv);
  await launched.trains("out");
  launched.process.kill("SIGINT");
  const { exitCode, stderr, objects } = await launched.ended;
  t.is(exitCode, 130, stderr);
  t.like(objects.at(-1), { status: "interrupted", processes: 2 });
  t.deepEqual(await processesOf(folder), []);
  t.true(readdirSync(join(folder, "out", "checkpoints")).length > 0);

  const hanging = new Launched(t, folder, [...argv, "--run-dir", "two"], { LOCKSTEP_FAULT: "hang:0:40" });
  await hanging.trains("two");
  hanging.process.kill("SIGINT");
  await hanging.said(/stopping: finishing the step/);
  await new Promise((resolve) => setTimeout(resolve, 400)); // Less is one press of two signals.
  hanging.process.kill("SIGINT");
  t.is((await hanging.ended).exitCode, 130);
  t.deepEqual(await processesOf(folder, 5000), []);
  t.deepEqual(readdirSync(temporary(folder)), []);
});

test.serial(
  "a rank's failure is told with its step, host and stack; wrong input keeps its exit code and its folder away",
  async (t) => {
    const folder = workplace(t);
    const argv = [...TRAIN, "--hosts", "localhost:1,127.0.0.1:1", "--json", "--run-dir", "out"];
    const thrown = await new Launched(t, folder, argv, { LOCKSTEP_FAULT: "throw:0:35" }).ended;
    t.is(thrown.exitCode, 1, thrown.stderr);
    t.like(thrown.objects.at(-1)?.error, { rank: 0, step: 35, host: "localhost" });
    t.regex(
      thrown.stderr,
      /rank 0 failed at step 35.*\(host localhost, operation training\)\n(.*\n)* +at .*rank/,
    );
    t.deepEqual(await processesOf(folder), []);
    const wrong = await new Launched(t, folder, [...argv, "--run-dir", "new", "--batch", "601"]).ended;
    t.is(wrong.exitCode, 2, wrong.stderr);
    t.false(readdirSync(folder).includes("new"));
  },
);

test.serial("the run key is in no argument and no environment of any process", async (t) => {
  const folder = workplace(t);
  const launched = new Launched(t, folder, [...TRAIN, ...FOR_EVER, "--hosts", "localhost:1,127.0.0.1:1"]);
  await launched.trains("out");
  const all = (await processesOf(folder)).filter(
    ({ command }) => PROCESS.test(command) || /lockstep process/.test(command),
  );
  t.true(all.length >= 2);
  const own = new Set(Object.keys(process.env));
  for (const { pid, command } of all) {
    t.regex(command, /^(lockstep process \d+|\S+ \S+launch\/process\.js)$/);
    const names = readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .map((entry) => entry.split("=")[0]);
    const more = names.filter((name) => !["", "NO_COLOR", "TMPDIR"].includes(name) && !own.has(name));
    t.deepEqual(more, []);
  }
});
