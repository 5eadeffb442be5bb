/** `lockstep bench allreduce` as its users call it: small, since what is measured here is not the machine. */
import { spawnSync } from "node:child_process";
import test, { type ExecutionContext } from "ava";
import type { AllreduceRow } from "../../src/bench/allreduce-case.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Child, lockstep, MAIN } from "./child.ts";

const GUARD_MS = 60_000;

/** The rows of a benchmark of processes, none of which outlives the guard. */
async function rowsOf(t: ExecutionContext, flags: readonly string[]): Promise<AllreduceRow[]> {
  const child = new Child(temporaryFolder(t), ["bench", "allreduce", ...flags]);
  const guard = setTimeout(() => child.process.kill("SIGKILL"), GUARD_MS);
  const { exitCode, objects, stderr } = await child.ended;
  clearTimeout(guard);
  t.is(exitCode, 0, stderr);
  return objects as unknown as AllreduceRow[];
}

test("every algorithm has a row for each size, whose sums were right, also of more ranks than cores", async (t) => {
  for (const [ranks, algorithms] of [
    ["2", "all"],
    ["3", "shared,ring"],
  ]) {
    const flags = ["--ranks", ranks, "--algorithm", algorithms, "--bytes", "4,1028,131072", "--json"];
    const { exitCode, stdout, objects } = await lockstep(temporaryFolder(t), "bench", "allreduce", ...flags);
    t.is(exitCode, 0);
    t.is(stdout.trimEnd().split("\n").length, objects.length);
    const rows = objects as unknown as AllreduceRow[];
    t.is(rows.length, 3 * (algorithms === "all" ? 6 : 2));
    for (const row of rows) {
      t.like(row, { transport: "memory", ranks: Number(ranks) });
      t.true(row.minUs > 0 && row.minUs <= row.us && row.us <= row.p99Us && row.busbwGBs > 0, row.algorithm);
      t.is(row.wireBytes > 0, row.algorithm !== "shared");
    }
  }
});

test("a table in a file has a title, a header and a line for each row", async (t) => {
  const flags = ["--bytes", "64,4096"];
  const { exitCode, stdout } = await lockstep(temporaryFolder(t), "bench", "allreduce", ...flags);
  t.is(exitCode, 0);
  const lines = stdout.trimEnd().split("\n");
  t.is(lines.length, 4);
  t.regex(lines[0], /^Lockstep, memory, 2 ranks; /);
  t.regex(lines[1], /^algorithm +bytes +median +min +p99 +algbw +busbw +sent$/);
  t.regex(lines[3], /^shared +4,096 +[\d.]+ .?s +[\d.]+ .?s +[\d.]+ .?s +[\d.]+ +[\d.]+ +0$/);
});

for (const [transport, security, sums] of [
  ["ipc", "auth", "rank"],
  ["tcp", "encrypt", "main"],
]) {
  test(`processes over ${transport}, frames with ${security}, sums by ${sums}: every algorithm's are right`, async (t) => {
    const flags = [
      "--transport",
      transport,
      "--security",
      security,
      "--sums",
      sums,
      "--ranks",
      "3",
      "--json",
    ];
    const more = ["--algorithm", "ring,halving-doubling,naive,auto,point-to-point", "--bytes", "12,524292"];
    const rows = await rowsOf(t, [...flags, ...more]);
    t.is(rows.length, 10);
    for (const row of rows) t.like(row, { transport, ranks: 3 });
    t.true(rows.every(({ wireBytes, algorithm }) => wireBytes > 0 && algorithm !== "auto"));
  });
}

test("ranks of uneven processes sum in their memory first: every algorithm's sums are right, its messages the processes'", async (t) => {
  const flags = [
    "--transport",
    "ipc",
    "--ranks",
    "5",
    "--ranks-per-process",
    "2",
    "--sums",
    "rank",
    "--json",
  ];
  const more = ["--algorithm", "all,auto", "--bytes", "4,12,524292"];
  const rows = await rowsOf(t, [...flags, ...more]);
  t.is(rows.length, 15);
  for (const row of rows) t.like(row, { transport: "ipc", ranks: 5, processes: 3 });
  const ring = rows.find(({ algorithm, bytes }) => algorithm === "ring" && bytes === 524292);
  t.is(ring?.wireBytes, 2 * 2 * 524292);
});

test("a process that is killed is told by its rank, and takes the others with it", async (t) => {
  const flags = ["--transport", "tcp", "--algorithm", "all", "--json"];
  const child = new Child(temporaryFolder(t), ["bench", "allreduce", ...flags]);
  const guard = setTimeout(() => child.process.kill("SIGKILL"), GUARD_MS);
  while (!child.stdout.includes("\n"))
    await new Promise((resolve) => child.process.stdout?.once("data", resolve));
  const [victim, other] = childrenOf(child.process.pid as number);
  process.kill(victim, "SIGKILL");
  const { exitCode, objects } = await child.ended;
  clearTimeout(guard);
  t.is(exitCode, 1);
  t.like(objects.at(-1), { status: "failed" });
  t.regex(JSON.stringify(objects.at(-1)), /the process of rank \d ended: SIGKILL/);
  t.throws(() => process.kill(other, 0), { code: "ESRCH" });
});

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return stdout.trim().split(/\s+/).map(Number);
}

const openMpi = spawnSync("mpirun", ["--version"], { encoding: "utf8" });
const ROOT = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

test("under mpirun, MPI's rows follow ours, printed by rank 0 alone", async (t) => {
  if (!/Open MPI/.test(openMpi.stdout ?? "")) return t.pass("there is no Open MPI");
  const command = ["-n", "2", "--oversubscribe", "--bind-to", "none", process.execPath, MAIN];
  const flags = ["bench", "allreduce", "--mpi", "--bytes", "1024,65536", "--json"];
  const child = new Child(temporaryFolder(t), [...command, ...flags], ROOT, "mpirun");
  const guard = setTimeout(() => child.process.kill("SIGKILL"), GUARD_MS);
  const { exitCode, objects, stderr } = await child.ended;
  clearTimeout(guard);
  t.is(exitCode, 0, stderr);
  const rows = objects as unknown as AllreduceRow[];
  t.deepEqual(
    rows.map(({ transport, bytes }) => `${transport} ${bytes}`),
    ["memory 1024", "memory 65536", "mpi 1024", "mpi 65536"],
  );
  for (const { library } of rows.slice(2)) t.regex(library ?? "", /^Open MPI [\d.]+$/);
});

test("without --mpi, mpirun is refused: it would start everything twice", async (t) => {
  const child = new Child(temporaryFolder(t), ["bench", "allreduce"], { OMPI_COMM_WORLD_SIZE: "2" });
  const { exitCode, stderr } = await child.ended;
  t.is(exitCode, 2);
  t.regex(stderr, /^lockstep: mpirun started this command 2 times/);
});

test("Ctrl-C ends a measurement with 130, and leaves no thread behind", async (t) => {
  const flags = ["--algorithm", "all", "--bytes", "16777216,33554432", "--json"];
  const child = new Child(temporaryFolder(t), ["bench", "allreduce", ...flags]);
  while (!child.stdout.includes("\n"))
    await new Promise((resolve) => child.process.stdout?.once("data", resolve));
  child.process.kill("SIGINT");
  const { exitCode, objects } = await child.ended;
  t.is(exitCode, 130);
  t.deepEqual(objects.at(-1), { status: "interrupted" });
});
