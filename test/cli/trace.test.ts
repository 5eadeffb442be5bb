/**
 * `lockstep trace`: figures of a run's traced steps, the merged trace, and what it says where there is no
 * trace, or half of one.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import test from "ava";
import type { TraceDocument } from "../../src/profile/chrome-trace.ts";
import { canFillDisks, onFullDisk } from "../full-disk.ts";
import { traceFaults } from "../profile/trace-format.ts";
import { Child, lockstep, MAIN, TINY, workplace } from "./child.ts";

/** 30 steps, of which the last ten are traced. */
const TRACED = [...TINY, "--epochs", "1", "--trace", "--run-dir", "out"];

const read = (...path: string[]): TraceDocument =>
  JSON.parse(gunzipSync(readFileSync(join(...path))).toString());

interface Report {
  readonly ranks: readonly { readonly rank: number; readonly share: Readonly<Record<string, number>> }[];
  readonly straggler: { readonly rank: number } | null;
  readonly kernels: readonly { readonly kernel: string; readonly gflops: number }[];
}

for (const [what, draws, flags] of [
  ["one process", [], []],
  ["two stages", ["gate"], ["--layout", "pp=2", "--micro-batches", "4"]],
  ["two processes", ["link"], ["--ranks-per-process", "1"]],
  [
    "two stages of two processes",
    ["link"],
    ["--layout", "pp=2", "--micro-batches", "4", "--ranks-per-process", "1"],
  ],
] as const) {
  test(`of ${what} trace prints shares that add up, and writes one trace of all ranks`, async (t) => {
    const folder = workplace(t);
    const trained = await lockstep(folder, ...TRACED, ...flags);
    t.is(trained.exitCode, 0, trained.stderr);
    const { exitCode, stdout, stderr } = await lockstep(folder, "trace", "out");
    t.deepEqual([exitCode, stderr], [0, ""]);
    const lines = stdout.split("\n");
    t.is(lines[0], "steps 21 to 30");
    t.regex(lines[1], /^rank +host +step +compute +exposed +overlapped +bubble +data +idle/);
    t.regex(lines[2], /^ +0 {2}localhost/);
    t.regex(stdout, /^gemmNN +\d+ /m);
    t.regex(stdout, /^peak {4}\d+\.\d GFLOP\/s/m);
    t.regex(stdout, /^clocks {2}localhost's$/m);
    const merged = read(folder, "out", "trace", "merged.json.gz");
    t.deepEqual(traceFaults(merged, true), []);
    const tracks = new Set(merged.traceEvents.filter(({ cat }) => cat === "step").map(({ tid }) => tid));
    t.deepEqual([...tracks], [0, 1]);
    const arrows = new Set(merged.traceEvents.filter(({ ph }) => ph === "s").map(({ cat }) => cat));
    t.deepEqual([...arrows], [...draws]);
    t.is(
      merged.traceEvents.some(({ name }) => name === "hold forward 3 of stage 0"),
      what === "two stages",
    );
    const [report] = (await lockstep(folder, "trace", "out", "--json")).objects as unknown as [Report];
    t.deepEqual(
      report.ranks.map(({ rank }) => rank),
      [0, 1],
    );
    for (const { share } of report.ranks) {
      const sum = Object.values(share).reduce((total, percent) => total + percent, 0);
      t.true(Math.abs(sum - 100) < 1e-6);
      t.true(share.compute > 0 && share.exposedCommunication > 0 === what.endsWith("processes"));
      t.true(share.bubble > 0);
    }
    t.true(report.kernels.every(({ gflops }) => gflops >= 0));
  });
}

for (const [what, flags] of [
  ["one process", []],
  ["two stages", ["--hidden", "8,8,8", "--layout", "pp=2", "--micro-batches", "4"]],
  ["two processes", ["--ranks-per-process", "1"]],
] as const)
  test(`in ${what} a rank that is slow at one step of ten is named`, async (t) => {
    const folder = workplace(t);
    const trained = await new Child(folder, [...TRACED, ...flags], { LOCKSTEP_FAULT: "slow:1:25:300" }).ended;
    t.is(trained.exitCode, 0, trained.stderr);
    const { stdout } = await lockstep(folder, "trace", "out");
    t.regex(stdout, /^late {4}rank 1 keeps the others waiting: /m);
    const [report] = (await lockstep(folder, "trace", "out", "--json")).objects as unknown as [Report];
    t.is(report.straggler?.rank, 1);
  });

for (const rank of [0, 1])
  test(`of two stages rank ${rank} is named, whose kernels all are slow`, async (t) => {
    const folder = workplace(t);
    const flags = ["--hidden", "64,64,64,64", "--batch", "200", "--layout", "pp=2", "--micro-batches", "4"];
    // So slow that a step still is mostly waiting for it where ten threads share a core, and each wait for a stage takes as many turns.
    const fault = { LOCKSTEP_FAULT: `drag:${rank}:1:10000` };
    const trained = await new Child(folder, [...TRACED, ...flags, "--epochs", "10"], fault).ended;
    t.is(trained.exitCode, 0, trained.stderr);
    const { stdout } = await lockstep(folder, "trace", "out");
    t.regex(stdout, RegExp(`^late {4}rank ${rank} keeps the others waiting: `, "m"));
    const [report] = (await lockstep(folder, "trace", "out", "--json")).objects as unknown as [Report];
    t.is(report.straggler?.rank, rank);
  });

test("a run without a trace, with a damaged one, or with one of another version is told so, with the fix", async (t) => {
  const folder = workplace(t);
  await lockstep(folder, ...TINY, "--epochs", "1", "--run-dir", "out");
  const complaint = async (path = "out") => {
    const { exitCode, stderr } = await lockstep(folder, "trace", path);
    t.is(exitCode, 2);
    return stderr;
  };
  const again = "\n  fix: train it again with --trace\n";
  t.is(await complaint(), `lockstep: out has no trace: its status is ok${again}`);
  mkdirSync(join(folder, "out", "trace"));
  t.is(await complaint(), `lockstep: out has no trace: its status is ok${again}`);
  const path = join(folder, "out", "trace", "rank-0000.json.gz");
  const whole = gzipSync(JSON.stringify({ lockstep: { format: 99, version: "9.0.0" } }));
  for (const [bytes, said] of [
    [
      whole.subarray(0, 30),
      `lockstep: ${path} is damaged, or only half-written: unexpected end of file${again}`,
    ],
    [Buffer.from("{}"), `is damaged, or only half-written: incorrect header check${again}`],
    [gzipSync("[]"), `is damaged, or only half-written: it is no trace of Lockstep${again}`],
    [gzipSync("null"), `is damaged, or only half-written: it is no trace of Lockstep${again}`],
    [
      whole,
      "was written by Lockstep 9.0.0, whose traces have format 99; this one reads 1\n  fix: use that version, or train",
    ],
  ] as const) {
    writeFileSync(path, bytes);
    const stderr = await complaint();
    t.true(stderr.includes(said), stderr);
  }
  t.regex(await complaint("nowhere"), /^lockstep: cannot read nowhere: it does not exist/);
  t.regex(await complaint("data"), /^lockstep: data is not a run folder: it holds .*\n {2}fix: /);
  t.regex(await complaint("out/config.yaml"), /^lockstep: out\/config.yaml is a file, not a run folder\n/);
  rmSync(join(folder, "out", "trace"), { recursive: true });
  rmSync(join(folder, "out", "status.json"));
  t.is(await complaint(), `lockstep: out has no trace: it has no status.json either${again}`);
});

test("on a full disk trace prints its figures, and says why there is no merged trace", async (t) => {
  if (!canFillDisks()) return t.pass();
  const folder = workplace(t);
  await lockstep(folder, ...TRACED);
  const script = `"${process.execPath}" "${MAIN}" trace disk/out && ls -A disk/out/trace`;
  const { status, stdout, stderr } = onFullDisk(folder, script, "out");
  t.is(status, 0, stderr);
  t.regex(
    stderr,
    /^warning: there is no merged trace: cannot write .*: the disk is full \(ENOSPC\); free some space .*\n$/,
  );
  t.regex(stdout, /^steps 21 to 30\n/);
  t.true(stdout.endsWith("\nrank-0000.json.gz\nrank-0001.json.gz\n"), stdout);
});

test("a run that failed leaves its last steps; a rank whose trace is lost is missed", async (t) => {
  const folder = workplace(t);
  const run = new Child(folder, TRACED, { LOCKSTEP_FAULT: "throw:1:25" });
  t.is((await run.ended).exitCode, 1);
  const { exitCode, stdout, stderr } = await lockstep(folder, "trace", "out");
  t.deepEqual(
    [exitCode, stderr],
    [0, "warning: the run's status is failed: these are its last steps before that\n"],
  );
  t.regex(stdout, /^steps 1[56] to 2[45]\n/);
  rmSync(join(folder, "out", "trace", "rank-0001.json.gz"));
  const one = await lockstep(folder, "trace", "out", "-q");
  t.deepEqual([one.exitCode, one.stderr], [0, ""]);
  t.regex(
    (await lockstep(folder, "trace", "out")).stderr,
    /^warning: rank 1 has no trace: the figures are those of the others\n/,
  );
});

test("a resumed run that is traced again keeps no trace of ranks that it has no more", async (t) => {
  const folder = workplace(t);
  await lockstep(folder, ...TRACED);
  const again = ["train", "--resume", "out", "--epochs", "2", "--ranks", "1", "--trace-steps", "35:36"];
  const { exitCode, stderr } = await lockstep(folder, ...again);
  t.is(exitCode, 0, stderr);
  const { stdout } = await lockstep(folder, "trace", "out");
  t.true(stdout.startsWith("steps 35 to 36\n"), stdout);
  const [report] = (await lockstep(folder, "trace", "out", "--json")).objects as unknown as [Report];
  t.is(report.ranks.length, 1);
});
