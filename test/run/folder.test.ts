import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import test from "ava";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import { checkpointName, checkpointStep } from "../../src/run/checkpoint-name.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { placeAt, placeBelow, runName } from "../../src/run/place.ts";
import { readStatus } from "../../src/run/status.ts";

const root = mkdtempSync(join(tmpdir(), "lockstep-run-"));
test.after.always(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, `case-${++folders}`);
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

test("a run's name is its local time, its data set and its model, also where those are paths", (t) => {
  const at = new Date(2026, 10, 3, 5, 20, 1);
  t.is(runName("mnist", "mlp", at), "2026-11-03_05-20-01-mnist-mlp");
  t.is(runName("/data/my set!", "/models/.net.ts", at), "2026-11-03_05-20-01-my-set-net");
  t.is(runName("/", "…", at), "2026-11-03_05-20-01-x-x");
});

test("a new run has its configuration, environment, log, metrics and status from the start", (t) => {
  const place = placeBelow(join(fresh(), "runs"), "one");
  const run = RunFolder.create(place, "batch: 1\n", ["train"]);
  t.deepEqual(readdirSync(run.path).sort(), [
    "checkpoints",
    "config.yaml",
    "env.json",
    "lock",
    "logs",
    "metrics.jsonl",
    "status.json",
  ]);
  t.like(readStatus(run.path), {
    status: "running",
    steps: 0,
    finishedAt: null,
    process: { pid: process.pid },
  });
  t.like(json(join(run.path, "env.json")), {
    lockstep: "0.1.0",
    node: process.versions.node,
    argv: ["train"],
    engine: null,
  });
  run.environment(["train"], { engine: "plain-128", fma: false, kernelDigest: "d" });
  t.like(json(join(run.path, "env.json")), { engine: "plain-128", fma: false, kernelDigest: "d" });
  run.log.line("\u001b[31mhello\u001b[39m");
  run.metrics.steps(1, [3, 2], [0.1234567, 1], 5);
  run.metrics.epoch({ epoch: 1 });
  run.finish("ok", 2, { summary: { a: 1 } });
  t.false(existsSync(join(run.path, "lock")));
  t.regex(readFileSync(join(run.path, "logs", "train.log"), "utf8"), /^\d{4}-\d\d-\d\dT[\d:.]+Z hello\n$/);
  t.is(
    readFileSync(join(run.path, "metrics.jsonl"), "utf8"),
    '{"step":1,"epoch":1,"loss":3,"stepMs":0.123}\n{"epoch":1}\n',
  );
  t.like(readStatus(run.path), { status: "ok", steps: 2, summary: { a: 1 } });
});

test("a name that is taken gets a number", (t) => {
  const parent = fresh();
  t.deepEqual(
    [1, 2, 3].map(() => basename(placeBelow(parent, "n").path)),
    ["n", "n-2", "n-3"],
  );
});

test("latest points to the newest run that made a step", (t) => {
  const runs = join(fresh(), "runs");
  const [first, second, failing] = ["a", "b", "c"].map((name) =>
    RunFolder.create(placeBelow(runs, name), "", []),
  );
  first.stepped();
  second.stepped();
  failing.finish("failed", 0, {});
  t.is(readlinkSync(join(runs, "latest")), "b");
  t.deepEqual(readdirSync(runs).sort(), ["a", "b", "latest"]);
});

test("a run folder that the user named moves no link", (t) => {
  const path = fresh();
  const run = RunFolder.create(placeAt(path), "", []);
  run.stepped();
  t.false(existsSync(join(root, "latest")));
});

test("a run that fails before its first step leaves nothing behind", (t) => {
  const parent = fresh();
  RunFolder.create(placeBelow(join(parent, "deep", "runs"), "x"), "", []).finish("failed", 0, {});
  t.false(existsSync(parent));
  const named = fresh();
  mkdirSync(named);
  RunFolder.create(placeAt(named), "", []).finish("failed", 0, {});
  t.deepEqual(readdirSync(named), []);
});

test("a run that fails after its first step keeps its folder and says why", (t) => {
  const run = RunFolder.create(placeAt(fresh()), "", []);
  run.stepped();
  run.finish("failed", 3, { error: { code: "rank-threw" } });
  run.finish("ok", 9, {});
  t.like(readStatus(run.path), { status: "failed", steps: 3, error: { code: "rank-threw" } });
});

test("a folder that is taken, or no folder, or not for files, is refused as input", (t) => {
  const taken = fresh();
  mkdirSync(taken);
  writeFileSync(join(taken, "file"), "");
  const refused = (path: string) => t.throws(() => placeAt(path), { instanceOf: InputError })?.message;
  t.is(refused(taken), `${taken} is not empty`);
  const fix = () => t.throws(() => placeAt(taken), { instanceOf: InputError })?.fix;
  t.is(fix(), "choose another folder with --run-dir");
  writeFileSync(join(taken, "config.yaml"), "");
  t.is(fix(), `choose another folder with --run-dir, or continue the run in it with --resume ${taken}`);
  t.is(
    refused(join(taken, "file")),
    `cannot create ${join(taken, "file")}: ${join(taken, "file")} is a file, not a folder`,
  );
  t.is(
    refused(join(taken, "file", "a", "b")),
    `cannot create ${join(taken, "file", "a", "b")}: ${join(taken, "file")} is a file, not a folder`,
  );
  t.is(refused("/proc/lockstep/run"), "cannot create /proc/lockstep/run: /proc holds no files of users");
  t.throws(() => placeBelow("/proc/lockstep/runs", "n"), {
    instanceOf: InputError,
    message: /\/proc holds no files/,
  });
});

test("a folder whose name is too long is refused by the file system, by its path", (t) => {
  const path = join(fresh(), "n".repeat(300));
  const error = t.throws(() => placeAt(path), { instanceOf: EnvironmentError });
  t.true(error?.message.includes(path));
  t.false(existsSync(join(path, "..")));
});

test("checkpoint names carry the step, and sort as steps do", (t) => {
  t.deepEqual([1875, 0, 123456789].map(checkpointName).map(checkpointStep), [1875, 0, 123456789]);
  t.is(checkpointName(1875), "step-00001875.safetensors");
  for (const name of [
    "step-1.safetensors",
    "step-00001875.safetensors.tmp",
    ".step-00001875.safetensors",
    "final.safetensors",
  ]) {
    t.is(checkpointStep(name), null, name);
  }
});
