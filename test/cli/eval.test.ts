import { copyFileSync, readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { describeDataset } from "../../src/cli/data.ts";
import { openDataset } from "../../src/data/catalogue.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { lockstep, workplace } from "./child.ts";

test("eval takes a run, one checkpoint in it, or a checkpoint that was carried elsewhere, on any number of ranks", async (t) => {
  const folder = workplace(t);
  const flags = [
    "--dataset",
    "data",
    "--hidden",
    "9,7",
    "--activation",
    "tanh",
    "--batch",
    "20",
    "--epochs",
    "2",
    "--ranks",
    "2",
  ];
  const { objects } = await lockstep(folder, "train", ...flags, "--run-dir", "run", "--json");
  const epochs = objects.at(-1)?.epochs as { testAccuracy: number; testLoss: number }[];
  copyFileSync(
    join(folder, "run/checkpoints/step-00000030.safetensors"),
    join(folder, "carried.safetensors"),
  );
  for (const [target, epoch, ranks] of [
    ["run", 1, "1"],
    ["run/checkpoints/step-00000030.safetensors", 0, "3"],
    ["carried.safetensors", 0, "2"],
  ] as const) {
    const { exitCode, stderr, objects } = await lockstep(folder, "eval", target, "--ranks", ranks, "--json");
    t.is(exitCode, 0, stderr);
    const { testAccuracy: accuracy, testLoss: loss } = epochs[epoch];
    t.like(objects[0], { status: "ok", samples: 100, step: 30 * (epoch + 1), accuracy, loss });
  }

  truncateSync(join(folder, "carried.safetensors"), 1000);
  const cut = await lockstep(folder, "eval", "carried.safetensors");
  t.is(cut.exitCode, 2);
  t.regex(cut.stderr, /^lockstep: carried\.safetensors|^lockstep: .*\/carried\.safetensors/);
  const other = await lockstep(folder, "eval", "run", "--hidden", "9");
  t.is(other.exitCode, 2, other.stderr);
});

test("eval of a checkpoint that a program wrote asks for what it does not say, and gives training's very numbers", async (t) => {
  const folder = workplace(t);
  const settings = { batch: 20, epochs: 1, ranks: 2, fma: "off" } as const;
  const data = openDataset(join(folder, "data"));
  const job = { model: mlp([6], "tanh"), data, settings, checkpointFolder: folder };
  const { testLoss: loss, testAccuracy: accuracy } = (await train(job)).epochs[0];
  const evaluated = (...flags: string[]) =>
    lockstep(folder, "eval", "step-00000030.safetensors", "--json", ...flags);
  for (const [flags, code, fix] of [
    [[], "origin-unknown", "give --dataset, --hidden, --activation, or --model FILE"],
    [["--model", "mlp", "--hidden", "6"], "origin-unknown", "give --dataset, --activation"],
    [["--dataset", "data", "--hidden", "6", "--activation", "relu"], "other-model", /--activation/],
  ] as const) {
    const { exitCode, stderr, objects } = await evaluated(...flags);
    t.is(exitCode, 2, stderr);
    const error = objects.at(-1)?.error as { code: string; fix: string };
    t.is(error.code, code);
    if (typeof fix === "string") t.is(error.fix, fix);
    else t.regex(error.fix, fix);
  }
  const right = await evaluated("--dataset", "data", "--hidden", "6", "--activation", "tanh");
  t.like(right.objects.at(-1), { status: "ok", loss, accuracy });
});

test("a resumed run with its own --run-dir leaves the first one as it was", async (t) => {
  const folder = workplace(t);
  await lockstep(
    folder,
    "train",
    "--dataset",
    "data",
    "--hidden",
    "4",
    "--batch",
    "20",
    "--epochs",
    "1",
    "--run-dir",
    "one",
  );
  const { exitCode, stderr, objects } = await lockstep(
    folder,
    "train",
    "--resume",
    "one",
    "--epochs",
    "2",
    "--run-dir",
    "two",
    "--json",
  );
  t.is(exitCode, 0, stderr);
  t.deepEqual(
    (objects.at(-1)!.epochs as { epoch: number }[]).map(({ epoch }) => epoch),
    [1, 2],
  );
  t.deepEqual(readdirSync(join(folder, "one/checkpoints")), ["step-00000030.safetensors"]);
  t.deepEqual(readdirSync(join(folder, "two/checkpoints")), ["step-00000060.safetensors"]);
});

test("data list names what is here, what is not, and how to get it", async (t) => {
  const { exitCode, objects } = await lockstep(temporaryFolder(t), "data", "list", "--json");
  t.is(exitCode, 0);
  t.deepEqual(
    objects.map(({ name }) => name),
    ["mnist", "fashion-mnist"],
  );
  t.like(objects[0], { installed: true, trainCount: 60_000, testCount: 10_000 });
  const row = {
    name: "x",
    installed: true,
    trainCount: 60_000,
    testCount: 10,
    shape: [28, 28],
    classes: 10,
    path: "/p",
    fix: "get x",
    problem: null,
  };
  t.deepEqual(describeDataset(row), ["x", "  60,000 + 10 samples of 28 × 28, 10 classes", "  in /p"]);
  t.deepEqual(describeDataset({ ...row, installed: false }), ["x", "  not installed: get x"]);
  t.deepEqual(describeDataset({ ...row, problem: "is broken" }), ["x", "  is broken", "  in /p"]);
});
