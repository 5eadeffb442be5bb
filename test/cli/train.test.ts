import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { Child, lockstep, MAIN, writeTinyData } from "./child.ts";

const TINY = [
  "train",
  "--dataset",
  "./data",
  "--hidden",
  "8",
  "--batch",
  "20",
  "--lr",
  "0.5",
  "--ranks",
  "2",
];

/** A folder with a tiny data set in data/. */
function workplace(t: ExecutionContext): string {
  const folder = realpathSync(temporaryFolder(t));
  mkdirSync(join(folder, "data"));
  writeTinyData(join(folder, "data"));
  return folder;
}

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));

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

test("Ctrl-C keeps the work; resumed on more ranks, the run has the weights of one that was never interrupted", async (t) => {
  const folder = workplace(t);
  const long = [...TINY, "--epochs", "100000", "--run-dir", "cut"];
  const child = new Child(folder, [...long, "-v"]);
  await child.said(/wrote .*step-00000060/);
  child.process.kill("SIGINT");
  const { exitCode, stderr, stdout } = await child.ended;
  t.is(exitCode, 130, stderr);
  t.regex(stderr, /stopping: finishing the step and writing the checkpoint \(again to stop at once\)\n/);
  t.true(stdout.endsWith("cut\n"));
  const { status, steps } = json(folder, "cut", "status.json");
  t.is(status, "interrupted");

  const end = String(steps + 7);
  const resumed = await lockstep(
    folder,
    "train",
    "--resume",
    "cut",
    "--ranks",
    "3",
    "--max-steps",
    end,
    "--json",
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

test("a finished run, another learning rate and a run in use are not resumed, and nothing changes", async (t) => {
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
  t.regex(
    await refused("--lr", "0.25", "--batch", "20", "--seed", "2"),
    /keeps its settings: seed is 1 there and 2 here; lr is 0.5 there and 0.25 here\n/,
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

test("who stops reading stdout does not stop the run", (t) => {
  const folder = workplace(t);
  const command = `"${process.execPath}" "${MAIN}" ${TINY.join(" ")} --json --run-dir out -q 2>err | head -c 1 >first; echo "\${PIPESTATUS[0]}"`;
  const exitCode = execFileSync("bash", ["-c", command], { cwd: folder, encoding: "utf8" }).trim();
  t.deepEqual(
    [exitCode, readFileSync(join(folder, "err"), "utf8"), readFileSync(join(folder, "first"), "utf8")],
    ["0", "", "{"],
  );
  t.like(json(folder, "out", "status.json"), { status: "ok", steps: 150 });
});

test("a rank that throws is told by rank, step and stack, on stderr, in the last object and in the run's folder", async (t) => {
  const folder = workplace(t);
  const child = new Child(folder, [...TINY, "--run-dir", "out", "--json"], { LOCKSTEP_FAULT: "throw:1:35" });
  const { exitCode, stderr, objects } = await child.ended;
  t.is(exitCode, 1, stderr);
  t.regex(stderr, /rank 1/);
  t.regex(stderr, /step 35/);
  t.regex(stderr, /\n +at .*worker|\n +at .*rank/);
  t.like(objects.at(-1), { status: "failed" });
  t.like(objects.at(-1)?.error, { rank: 1, step: 35 });
  t.like(json(folder, "out", "status.json"), { status: "failed", error: { rank: 1, step: 35 } });
});

test("a run that fails before its first step leaves nothing behind", async (t) => {
  const folder = workplace(t);
  for (const [argv, environment, code] of [
    [["--batch", "601"], {}, 2],
    [["--run-dir", "new/deep", "--batch", "601"], {}, 2],
    [[], { LOCKSTEP_FAULT: "throw:0:1" }, 1],
    [["--run-dir", "/proc/lockstep"], {}, 2],
    [["--run-dir", "data/train-images-idx3-ubyte/x"], {}, 2],
    [["--run-dir", "data"], {}, 2],
  ] as const) {
    const { exitCode, stderr } = await new Child(folder, [...TINY, ...argv], environment).ended;
    t.is(exitCode, code, stderr);
    t.deepEqual(readdirSync(folder), ["data"], stderr);
    t.is(readdirSync(join(folder, "data")).length, 4);
  }
});

test("a loss that is not finite stops the run with its own status", async (t) => {
  const folder = workplace(t);
  const { exitCode, stderr, objects } = await lockstep(
    folder,
    ...TINY,
    "--lr",
    "1e38",
    "--run-dir",
    "out",
    "--json",
  );
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1), { status: "nonfinite", weightsSha256: null });
  t.like(objects.at(-1)?.error, { code: "nonfinite-loss" });
  t.regex(stderr, /the loss is not finite any more \(step \d+\)\n {2}fix: use a smaller --lr/);
  t.like(json(folder, "out", "status.json"), { status: "nonfinite" });
});

test("a full disk is told by the file and the fix, and what is there stays whole", async (t) => {
  const folder = workplace(t);
  mkdirSync(join(folder, "disk"));
  const train = `"${process.execPath}" "${MAIN}" ${TINY.join(" ")} --hidden 64 --epochs 40 --run-dir disk/out --json`;
  // The tmpfs is seen only inside; what is left there is copied out.
  const script = `mount -t tmpfs -o size=100k tmpfs disk && ${train}; code=$?; cp -r disk kept; exit $code`;
  const { exitCode, stderr, objects } = await new Child(
    folder,
    ["--user", "--map-root-user", "--mount", "bash", "-c", script],
    {},
    "unshare",
  ).ended;
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "disk-full" });
  t.regex(
    stderr,
    /^lockstep: cannot write .*disk\/out\/.*: the disk is full \(ENOSPC\)\n {2}fix: free some space/m,
  );
  const kept = existsSync(join(folder, "kept", "out"))
    ? readdirSync(join(folder, "kept", "out"), { recursive: true })
    : [];
  t.deepEqual(
    kept.filter((name) => String(name).endsWith(".tmp")),
    [],
  );
  for (const name of kept.filter((name) => String(name).endsWith(".jsonl"))) {
    t.notThrows(() =>
      readFileSync(join(folder, "kept", "out", String(name)), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
  }
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
