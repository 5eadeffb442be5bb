import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Child, json, lockstep, MAIN, TINY, workplace } from "./child.ts";

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

test("results that cannot be written are a failure, but do not stop the run", (t) => {
  const folder = workplace(t);
  const command = `"${process.execPath}" "${MAIN}" ${TINY.join(" ")} --run-dir out -q 2>err >/dev/full; echo "$?"`;
  t.is(execFileSync("bash", ["-c", command], { cwd: folder, encoding: "utf8" }), "1\n");
  t.regex(readFileSync(join(folder, "err"), "utf8"), /^lockstep: cannot write the results: .*ENOSPC/);
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

test("a current folder that has been deleted is told as that, without a stack", (t) => {
  const folder = workplace(t);
  mkdirSync(join(folder, "gone"));
  for (const argv of [[...TINY.with(2, join(folder, "data"))], ["train", "--resume", "x"], ["eval", "x"]]) {
    mkdirSync(join(folder, "gone"), { recursive: true });
    const command = `rmdir ../gone; "${process.execPath}" "${MAIN}" ${argv.join(" ")} 2>&1; echo "$?"`;
    t.is(
      execFileSync("bash", ["-c", command], { cwd: join(folder, "gone"), encoding: "utf8" }),
      "lockstep: the current folder does not exist any more\n  fix: go to one that does: cd\n1\n",
      argv.join(" "),
    );
  }
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
