import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { InputError } from "../../src/base/errors.ts";
import { openRun } from "../../src/run/open.ts";
import { isAlive, type Status, thisProcess } from "../../src/run/status.ts";

const root = mkdtempSync(join(tmpdir(), "lockstep-open-"));
// What is suggested depends on the runs below the working folder: here there are none.
mkdirSync(join(root, "elsewhere"));
process.chdir(join(root, "elsewhere"));
test.after.always(() => rmSync(root, { recursive: true }));

function folder(name: string, files: Record<string, string>): string {
  const path = join(root, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(path, file, ".."), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return path;
}

const status = (state: string, identity = thisProcess()): string =>
  JSON.stringify({ status: state, steps: 5, startedAt: "", finishedAt: null, process: identity });

test("a run opens with its settings, its status and its newest checkpoint, also through a link", async (t) => {
  const run = folder("whole", {
    "config.yaml": "batch: 7\n",
    "status.json": status("ok"),
    "checkpoints/step-00000009.safetensors": "",
    "checkpoints/step-00000100.safetensors": "",
    "checkpoints/.step-00000200.safetensors.1.tmp": "",
    "checkpoints/step-123456789.safetensors": "",
  });
  symlinkSync("whole", join(root, "latest"));
  const opened = await openRun(join(root, "latest"));
  t.like(opened, {
    path: run,
    alive: false,
    checkpoint: join(run, "checkpoints", "step-123456789.safetensors"),
  });
  t.deepEqual(
    [opened.config?.values, opened.config?.origin, opened.status?.status],
    [{ batch: 7 }, "run", "ok"],
  );
  const older = await openRun(join(run, "checkpoints", "step-00000009.safetensors"));
  t.like(older, { path: run, checkpoint: join(run, "checkpoints", "step-00000009.safetensors") });
  t.is(older.config?.values.batch, 7);
});

test("a checkpoint outside of a run opens without settings", async (t) => {
  const path = join(folder("bare", { "weights.safetensors": "" }), "weights.safetensors");
  t.deepEqual(await openRun(path), {
    path: null,
    config: null,
    status: null,
    alive: false,
    checkpoint: path,
  });
});

test("what is missing or half-written is refused, with what is there instead", async (t) => {
  const refused = async (path: string) => {
    const error = await t.throwsAsync(openRun(path), { instanceOf: InputError });
    return `${error?.code}: ${error?.message.replaceAll(root, "")} [${(error as InputError).fix.replaceAll(root, "")}]`;
  };
  const yaml = { "config.yaml": "" };
  t.is(
    await refused(join(root, "none")),
    "no-such-run: cannot read /none: it does not exist (ENOENT) [train one first: `lockstep train`]",
  );
  t.is(
    await refused(folder("empty", { "x/y": "" })),
    "not-a-run: /empty is not a run folder: it holds x, but no config.yaml [name a folder below runs/]",
  );
  t.is(
    await refused(folder("runs", { "a/config.yaml": "", "b/config.yaml": "" })),
    "not-a-run: /runs is not a run folder: it holds a, b, but no config.yaml [name a run in it, such as /runs/b]",
  );
  t.is(
    await refused(folder("early", yaml)),
    "no-checkpoint: /early has no checkpoint yet: it has no status.json either [train it for an epoch, or name another run]",
  );
  t.is(
    await refused(folder("killed", { ...yaml, "status.json": status("running"), "checkpoints/.x.tmp": "" })),
    "no-checkpoint: /killed has no checkpoint yet: its status is running; checkpoints/ holds .x.tmp [train it for an epoch, or name another run]",
  );
  t.regex(
    await refused(join(folder("text", { "notes.txt": "" }), "notes.txt")),
    /^not-a-run: .* is neither a run folder nor/,
  );
  t.regex(
    await refused(
      folder("bad", { "config.yaml": "batch: no\n", "checkpoints/step-00000001.safetensors": "" }),
    ),
    /^bad-value: \/bad\/config.yaml:1:8: batch: expected an integer/,
  );
});

test("a status that is cut off or no status is as none", async (t) => {
  for (const text of ["", "{", "[]", "null", '{"status":"fine"}']) {
    const run = folder("cut", {
      "config.yaml": "",
      "status.json": text,
      "checkpoints/step-00000001.safetensors": "",
    });
    t.is((await openRun(run)).status, null, text);
  }
});

test("a running run is alive while its process is: not when it is gone, or another has its number", async (t) => {
  const alive = (identity: object) =>
    isAlive({ status: "running", process: { ...thisProcess(), ...identity } } as Status);
  t.true(alive({}));
  t.false(alive({ startTicks: 1 }));
  t.false(alive({ host: `not-${hostname()}` }));
  t.false(isAlive({ status: "ok", process: thisProcess() } as Status));
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.once("close", resolve));
  t.false(alive({ pid: child.pid, startTicks: null }));
  t.false(isAlive({ status: "running" } as Status));
});
