import { readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { json, lockstep, TINY, workplace } from "./child.ts";

test("train prints its epochs and the run's folder; eval prints the same accuracy; the written config trains the same weights", async (t) => {
  const folder = workplace(t);
  const { exitCode, stdout, stderr } = await lockstep(folder, ...TINY, "--epochs", "3");
  t.is(exitCode, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  t.is(lines[0], "epoch  seconds  train loss  test loss  accuracy");
  t.deepEqual(
    lines.slice(1, 4).map((line) => line.trim().split(" ")[0]),
    ["1", "2", "3"],
  );
  const run = lines.at(-1)!;
  t.regex(run, /^runs\/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-data-mlp$/);
  t.deepEqual(readdirSync(join(folder, run)).sort(), [
    "checkpoints",
    "config.yaml",
    "env.json",
    "logs",
    "metrics.jsonl",
    "plan.json",
    "status.json",
  ]);
  t.is(realpathSync(join(folder, "runs/latest")), join(folder, run));
  t.deepEqual(
    readdirSync(join(folder, run, "checkpoints")),
    [30, 60, 90].map((step) => `step-000000${step}.safetensors`),
  );

  const evaluated = await lockstep(folder, "eval", "runs/latest");
  const accuracy = /\d+\.\d\d %/.exec(lines[3])?.[0];
  t.true(evaluated.stdout.includes(`accuracy   ${accuracy} of 100 samples\n`), evaluated.stdout);

  const again = await lockstep(folder, "train", `${run}/config.yaml`, "--ranks", "3", "--json", "-q");
  const summary = again.objects.at(-1)!;
  t.deepEqual([again.exitCode, again.stderr, summary.ranks], [0, "", 3]);
  t.true(stdout.includes(`weights    ${summary.weightsSha256}\n`));
});

test("with --json stdout is an object for each epoch, then the summary, which the run's folder keeps", async (t) => {
  const folder = workplace(t);
  const { exitCode, stdout, objects, stderr } = await lockstep(
    folder,
    ...TINY,
    "--epochs",
    "2",
    "--max-steps",
    "50",
    "--run-dir",
    "out",
    "--json",
  );
  t.is(exitCode, 0, stderr);
  t.is(stdout.trimEnd().split("\n").length, objects.length);
  const [first, second, summary] = objects;
  t.deepEqual([first.type, first.epoch, second.epoch, objects.length], ["epoch", 1, 2, 3]);
  const keys =
    "status runDir model dataset layout ranks processes numerics fma engine steps samplesPerSecond stepMs epochs weightsSha256";
  t.deepEqual(Object.keys(summary), keys.split(" "));
  t.like(summary, {
    status: "ok",
    runDir: join(folder, "out"),
    model: "mlp",
    dataset: join(folder, "data"),
    layout: { dp: 2, tp: 1, pp: 1 },
  });
  t.like(summary, { ranks: 2, processes: 1, numerics: "exact", steps: 50 });
  t.deepEqual(
    (summary.epochs as unknown[]).map((epoch) => ({ type: "epoch", ...(epoch as object) })),
    [first, second],
  );
  t.like(json(folder, "out", "status.json"), { status: "ok", steps: 50, summary });
  t.like(json(folder, "out", "env.json"), { engine: summary.engine, fma: summary.fma });
  const records = readFileSync(join(folder, "out", "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.deepEqual(
    records.flatMap(({ step }) => step ?? []),
    [1, 10, 20, 30, 40, 50],
  );
  t.deepEqual(
    records.filter(({ step }) => step === undefined).map(({ epoch }) => epoch),
    [1, 2],
  );
});

test("a model file trains, in JavaScript and, where Node strips types, in TypeScript", async (t) => {
  const folder = workplace(t);
  const layers = new URL("../../src/nn/layers.js", import.meta.url).href;
  const text = (type: string) =>
    `import { linear, relu } from "${layers}";\nexport default (x${type}, classes${type && ": number"}) => linear(relu(linear(x, 8)), classes);\n`;
  writeFileSync(join(folder, "net.mjs"), text(""));
  writeFileSync(join(folder, "net.mts"), text(": never"));
  writeFileSync(join(folder, "none.mjs"), "export const model = 1;\n");
  writeFileSync(join(folder, "bad.mjs"), "export default (\n");
  const argv = ["train", "--dataset", "data", "--batch", "20", "--max-steps", "5", "--json", "--model"];
  const plain = await lockstep(folder, ...argv, "net.mjs");
  const same = await lockstep(
    folder,
    "train",
    "--dataset",
    "data",
    "--batch",
    "20",
    "--max-steps",
    "5",
    "--json",
    "--hidden",
    "8",
  );
  t.is(plain.objects.at(-1)?.weightsSha256, same.objects.at(-1)?.weightsSha256, plain.stderr);
  const typed = await lockstep(folder, ...argv, "net.mts");
  if ((process.features as { typescript?: unknown }).typescript) t.is(typed.exitCode, 0, typed.stderr);
  else t.regex(typed.stderr, /does not run TypeScript/);
  t.regex(
    (await lockstep(folder, ...argv, "none.mjs")).stderr,
    /none\.mjs has no model function as its default export/,
  );
  t.regex((await lockstep(folder, ...argv, "bad.mjs")).stderr, /bad\.mjs cannot be loaded: SyntaxError/);
  t.is((await lockstep(folder, "eval", "runs/latest")).exitCode, 0);
});

test("with --json what a model file prints goes to stderr, and stdout stays ours", async (t) => {
  const folder = workplace(t);
  const layers = new URL("../../src/nn/layers.js", import.meta.url).href;
  writeFileSync(
    join(folder, "net.mjs"),
    `import { linear } from "${layers}";\nconsole.log("loaded");\nexport default (x, classes) => {\n  console.info("%s", "called");\n  return linear(x, classes);\n};\n`,
  );
  const argv = ["--dataset", "data", "--batch", "20", "--max-steps", "5", "--model", "net.mjs"];
  const { exitCode, stdout, stderr, objects } = await lockstep(
    folder,
    "train",
    ...argv,
    "--json",
    "--run-dir",
    "a",
  );
  t.is(exitCode, 0, stderr);
  t.is(stdout.trimEnd().split("\n").length, objects.length, stdout);
  t.regex(stderr, /^loaded\n(.*\n)*called\n/);
  t.true((await lockstep(folder, "eval", "a", "--json")).stdout.startsWith("{"));
  t.regex((await lockstep(folder, "train", ...argv)).stdout, /^loaded\n/);
});

test("a form of allreduce is said to be without use where all ranks are in one process, as replicas or slices", async (t) => {
  const folder = workplace(t);
  const told =
    /^--allreduce ordered: all ranks are in one process, so there are no processes that sum gradients$/m;
  for (const layout of ["dp=2", "tp=2"]) {
    const argv = [...TINY.slice(0, -2), "--layout", layout, "--max-steps", "1"];
    const { exitCode, stderr } = await lockstep(folder, ...argv, "--allreduce", "ordered");
    t.is(exitCode, 0, stderr);
    t.regex(stderr, told);
    t.notRegex((await lockstep(folder, ...argv)).stderr, /--allreduce/);
  }
});
