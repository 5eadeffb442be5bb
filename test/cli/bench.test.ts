/** `lockstep bench` as its users call it: small and short, since what is measured here is not the machine. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { KernelRow, ProductRow, VectorRow } from "../../src/bench/kernel-row.ts";
import type { StepBreakdown, StepRow } from "../../src/bench/step-breakdown.ts";
import { compileKernels } from "../../src/kernels/load.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Child, lockstep, workplace } from "./child.ts";

const { engine } = compileKernels("auto");
const kernels = (folder: string, ...flags: string[]) =>
  lockstep(folder, "bench", "kernels", "--rounds", "2", ...flags);

test("rows of --json have what the contract says, and nothing else is on stdout", async (t) => {
  const folder = temporaryFolder(t);
  const { exitCode, stdout, stderr, objects } = await kernels(folder, "--shapes", "8,5,3", "--json");
  t.deepEqual([exitCode, stderr], [0, ""]);
  t.is(stdout.trimEnd().split("\n").length, objects.length);
  const rows = objects as unknown as ProductRow[];
  t.deepEqual(
    rows.map(({ variant }) => variant),
    ["NN", "NT", "TN"],
  );
  for (const row of rows) {
    t.like(row, { kernel: "gemm", m: 8, n: 5, k: 3, engine, threads: 1 });
    for (const value of [row.gflops, row.peakGflops, row.percentOfPeak, row.us.min, row.us.p95])
      t.true(value > 0);
  }
});

test("other kernels have n and GB/s", async (t) => {
  const { exitCode, objects } = await kernels(
    temporaryFolder(t),
    "--filter",
    "adam 16384,philox 16384",
    "--json",
  );
  t.is(exitCode, 0);
  const [adam, philox] = objects as unknown as VectorRow[];
  t.like(adam, { kernel: "adam", n: 16384, bytes: 28 * 16384, engine });
  t.like(philox, { kernel: "philox", n: 16384, bytes: 4 * 16384 });
  t.true(adam.gbs > 0 && philox.gbs > 0);
});

test("a table in a file has no colours, carriage returns or progress, and a line for each row", async (t) => {
  const { exitCode, stdout, stderr } = await kernels(temporaryFolder(t), "--filter", "64x64x64,relu 16384");
  t.deepEqual([exitCode, stderr], [0, ""]);
  const lines = stdout.trimEnd().split("\n");
  t.is(lines.length, 2 + 3 + 1 + 2 + 1);
  t.regex(lines[0], new RegExp(`; ${engine}, 1 thread$`));
  t.regex(lines[1], /^gemm, m×n×k +GFLOP\/s +peak +min +median +p95$/);
  t.regex(lines[2], /^NN 64×64×64 +[\d.]+ +\d+ % +[\d.]+ .?s +[\d.]+ .?s +[\d.]+ .?s$/);
  t.regex(lines[8], /^relu +16,384 +[\d.]+ +\d+ % /);
  t.true(lines.every((line) => line.length <= 80 || line.startsWith("G")));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  t.notRegex(stdout, /[\x1b\r]/);
});

test("a shape with a 0 is a product of nothing, at a rate of 0", async (t) => {
  const { exitCode, objects } = await kernels(temporaryFolder(t), "--shapes", "0,10,10", "--json");
  t.is(exitCode, 0);
  t.deepEqual(
    (objects as unknown as ProductRow[]).map(({ m, gflops }) => [m, gflops]),
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
});

test("threads have a row together, with the rate of each", async (t) => {
  const flags = ["--threads", "2", "--filter", "32x10x128,scale 16384", "--json"];
  const { exitCode, objects } = await kernels(temporaryFolder(t), ...flags);
  t.is(exitCode, 0);
  const rows = objects as unknown as KernelRow[];
  t.is(rows.length, 2);
  for (const { threads, perThread } of rows) {
    t.is(threads, 2);
    t.true(perThread?.length === 2 && perThread.every((rate) => rate > 0));
  }
});

test("peers are beside our products with their ratio, or named and left out; either is no failure", async (t) => {
  const { exitCode, stderr, objects } = await kernels(
    temporaryFolder(t),
    "--peers",
    "--shapes",
    "16,16,16",
    "--json",
  );
  t.is(exitCode, 0);
  t.regex(
    stderr,
    /^OpenBLAS (is left out: .+\n {2}fix: |[\d.]+, kernels for \w+, has one thread .*\n.* takes \d+ ns)/,
  );
  for (const { peer } of objects as unknown as ProductRow[]) {
    if (stderr.includes("left out")) t.is(peer, undefined);
    else t.true(peer && peer.gflops > 0 && peer.leastRatio <= peer.ratio && peer.ratio <= peer.largestRatio);
  }
});

test("the picture is written when all is measured; a place that cannot take it is told before", async (t) => {
  const folder = temporaryFolder(t);
  const flags = ["--filter", "64x64x64", "--svg"];
  const { exitCode } = await kernels(folder, ...flags, "roofline.svg");
  t.is(exitCode, 0);
  t.regex(readFileSync(join(folder, "roofline.svg"), "utf8"), /^<\?xml.*\n<svg [\s\S]*64³[\s\S]*<\/svg>\n$/);
  mkdirSync(join(folder, "taken"));
  for (const [path, said] of [
    ["nowhere/x.svg", "its folder does not exist"],
    ["taken", "it is a folder"],
  ]) {
    const failed = await kernels(folder, ...flags, path);
    t.deepEqual([failed.exitCode, failed.stdout], [1, ""]);
    t.true(failed.stderr.includes(said), failed.stderr);
  }
});

test("Ctrl-C ends a measurement with 130, and leaves no picture", async (t) => {
  const folder = temporaryFolder(t);
  const argv = ["bench", "kernels", "--peers", "--shapes", "64,64,64", "--rounds", "10000", "--svg", "x.svg"];
  const child = new Child(folder, [...argv, "--json"]);
  // Said when the threads begin with half a minute's work, or before.
  await child.said(/OpenBLAS/);
  child.process.kill("SIGINT");
  const { exitCode, signal, objects } = await child.ended;
  t.deepEqual([exitCode, signal], [130, null]);
  t.deepEqual(objects.at(-1), { status: "interrupted" });
  t.false(existsSync(join(folder, "x.svg")));
});

const STEP = ["bench", "step", "--dataset", "./data", "--hidden", "8", "--batch", "20"];

test("a step's parts are told rank by rank, by name, and add up to about a step", async (t) => {
  const { exitCode, stderr, objects } = await lockstep(workplace(t), ...STEP, "--ranks", "2", "--json");
  t.deepEqual([exitCode, stderr], [0, ""]);
  const rows = objects.slice(0, -1) as unknown as StepRow[];
  const summary = objects.at(-1) as unknown as StepBreakdown & { status: string };
  t.like(summary, { status: "ok", model: "16-8-4", batch: 20, ranks: 2, engine });
  t.true(summary.steps > 0 && summary.stepUs > 0 && summary.gflops > 0 && summary.peakGflops > 0);
  for (const rank of [0, 1]) {
    const own = rows.filter((row) => row.rank === rank);
    t.true(own.some(({ kind }) => kind === "barrier") && own.some(({ kind }) => kind === "forward"));
    t.true(
      own.every(({ us, kernel, percentOfPeak }) => us >= 0 && (kernel === null) === (percentOfPeak === null)),
    );
    const sum = own.reduce((total, { share }) => total + share, 0);
    t.true(sum > 30 && sum < 170, `${sum} %`);
  }
  const names = new Set(rows.map(({ name }) => name));
  for (const name of ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "images"])
    t.true(names.has(name), name);
  t.is(summary.waiting.length, 2);
});

test("a step's table is for people, and the settings may come from a file", async (t) => {
  const folder = workplace(t);
  writeFileSync(join(folder, "config.yaml"), "optimizer: adam\nclip-norm: 1\nepochs: 7\n");
  const { exitCode, stdout } = await lockstep(folder, ...STEP, "config.yaml", "--ranks", "1");
  t.is(exitCode, 0);
  t.regex(stdout, /^16-8-4, batch 20, 1 rank, /);
  t.regex(stdout, /\nrank 0\npart +kernel +of +sizes +median +share +rate +peak\n/);
  t.regex(stdout, /\nupdate +adam +linear1\.weight +16×8 +/);
  t.regex(stdout, /\nstep +[\d.]+ .s; .*\nrate +[\d.]+ GFLOP\/s, \d+ % .*\nwaiting +.*\n$/);
  t.false(existsSync(join(folder, "runs")));
});

test("a step whose loss is not finite is not measured", async (t) => {
  const { exitCode, stderr } = await lockstep(workplace(t), ...STEP, "--ranks", "2", "--lr", "1e30");
  t.is(exitCode, 2);
  t.regex(stderr, /^lockstep: the loss is not finite after \d+ steps.*\n {2}fix: give a smaller --lr\n$/);
});
