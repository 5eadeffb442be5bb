/** A job that is traced: the same bits, a file for each rank that viewers take, and no failure where it cannot be written. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import type { TraceOptions } from "../../src/job/options.ts";
import { mlp } from "../../src/nn/models.ts";
import type { TraceDocument } from "../../src/profile/chrome-trace.ts";
import { train } from "../../src/train.ts";
import { canFillDisks, onFullDisk } from "../full-disk.ts";
import { traceFaults } from "../profile/trace-format.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TracedOutcome } from "./traced-job.ts";

/** 24 steps, of which every eighth is short. */
async function run(trace: TraceOptions | undefined, settings: Partial<Settings> = {}) {
  const warnings: string[] = [];
  const written: string[] = [];
  const result = await train({
    ...{ model: mlp([16], "relu"), data: synthetic(230, 50), trace },
    settings: { batch: 30, epochs: 3, ranks: 2, seed: 5, ...settings },
    observer: { warning: (message) => warnings.push(message), trace: (path) => written.push(path) },
  });
  return { ...result, warnings, written };
}

const read = (path: string): TraceDocument => JSON.parse(gunzipSync(readFileSync(path)).toString());

test("a traced job leaves the same bits, and a trace of each rank that keeps to the format", async (t) => {
  const folder = join(temporaryFolder(t), "trace");
  const plain = await run(undefined);
  const traced = await run({ folder });
  t.is(traced.weightsSha256, plain.weightsSha256);
  t.deepEqual(traced.warnings, plain.warnings);
  t.deepEqual(readdirSync(folder), ["rank-0000.json.gz", "rank-0001.json.gz"]);
  t.deepEqual(
    traced.written,
    readdirSync(folder).map((name) => join(folder, name)),
  );
  for (const [rank, path] of traced.written.entries()) {
    const document = read(path);
    t.deepEqual(traceFaults(document, false), []);
    t.like(document.distributedInfo, { rank, world_size: 2 });
    t.like(document.lockstep, { rank, ranks: 2, process: 0, coordinate: { dp: rank, tp: 0, pp: 0 } });
    t.like(document.lockstep, { steps: [15, 24], status: "ok", batch: 30, engine: plain.engine });
    t.true(document.lockstep.peakGflops > 0);
    const steps = document.traceEvents.filter(({ cat }) => cat === "step");
    t.deepEqual(
      steps.map(({ name }) => name),
      Array.from({ length: 10 }, (_, index) => `ProfilerStep#${15 + index}`),
    );
  }
});

test("an event says what a kernel did, and instructions fill their step without a gap", async (t) => {
  const folder = temporaryFolder(t);
  await run({ folder, steps: { first: 3, last: 4 } }, { ranks: 1 });
  const { traceEvents } = read(join(folder, "rank-0000.json.gz"));
  const [step, ...events] = traceEvents.filter(({ ph, args }) => ph === "X" && args?.step === 4);
  const product = events.find(({ name, args }) => name === "gemmNN" && args?.of === "linear1.weight");
  t.like(product, { cat: "forward", pid: 0, tid: 0 });
  t.like(product?.args, { kind: "forward", shape: "30×16×20", stage: 0, "micro-batch": 0, step: 4 });
  t.like(product?.args, { flops: 2 * 30 * 16 * 20 });
  let end = step.ts as number;
  for (const { ts = 0, dur = 0 } of events) {
    t.true(Math.abs(ts - end) < 1e-6);
    end = ts + dur;
  }
  t.true(Math.abs(end - ((step.ts as number) + (step.dur as number))) < 1e-6);
});

test("where the folder cannot be, training goes on, and one warning says why", async (t) => {
  const file = join(temporaryFolder(t), "file");
  writeFileSync(file, "");
  const { weightsSha256, warnings, written } = await run({ folder: join(file, "trace") });
  t.regex(String(weightsSha256), /^[0-9a-f]{64}$/);
  t.deepEqual(written, []);
  t.is(warnings.length, 1);
  t.regex(
    warnings[0],
    /^the trace is not there, or not whole: cannot write .*ENOTDIR\); choose another path$/,
  );
});

test("where the disk is full, training goes on, and one warning says so", async (t) => {
  if (!canFillDisks()) return t.pass();
  const folder = temporaryFolder(t);
  const job = fileURLToPath(new URL("traced-job.js", import.meta.url));
  const script = `"${process.execPath}" "${job}" disk/trace && ls -A disk/trace >&2`;
  const { status, stdout, stderr } = onFullDisk(folder, script);
  t.is(status, 0, stderr);
  const outcome: TracedOutcome = JSON.parse(stdout);
  const { weightsSha256 } = await run(undefined);
  t.like(outcome, { status: "ok", weightsSha256, written: [] });
  t.is(outcome.warnings.length, 1);
  t.regex(
    outcome.warnings[0],
    /^the trace is not there, or not whole: cannot write .*rank-0000.json.gz: the disk is full \(ENOSPC\); free some/,
  );
  t.is(stderr, "");
});

test("steps that no run takes are refused before anything is trained", async (t) => {
  const folder = join(temporaryFolder(t), "trace");
  await t.throwsAsync(run({ folder, steps: { first: 25, last: 30 } }), { code: "no-such-steps" });
  t.throws(() => readdirSync(folder), { code: "ENOENT" });
});

test("a run that fails leaves the steps before its failure", async (t) => {
  const folder = temporaryFolder(t);
  await t.throwsAsync(
    run({ folder }, { lr: 1e30 }).then(({ status }) => Promise.reject(new Error(status))),
    {
      message: "nonfinite",
    },
  );
  const { lockstep, traceEvents } = read(join(folder, "rank-0000.json.gz"));
  t.is(lockstep.status, "nonfinite");
  const steps = traceEvents.filter(({ cat }) => cat === "step").map(({ name }) => name);
  t.is(steps[0], "ProfilerStep#1");
  t.true(steps.length < 10);
});
