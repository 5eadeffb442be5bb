import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { temporaryFolder } from "../temporary-folder.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./failed-start.js", import.meta.url));

/** What a training in a process of its own rejected with; rejects itself if that process does not end alone. */
async function rejection(how: "data" | "threads" | "folder", folder: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, [script, how, folder], {
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  return JSON.parse(stdout);
}

test.serial("when the data cannot be read, the ranks that were starting are gone", async (t) => {
  t.is(await rejection("data", temporaryFolder(t)), "Error: the labels are gone");
});

test.serial(
  "when the system gives too few threads, the error says so and those that started are gone",
  async (t) => {
    t.deepEqual(await rejection("threads", temporaryFolder(t)), {
      kind: "EnvironmentError",
      code: "no-threads",
      message: "the system gave 2 of the 4 threads for the ranks: ERR_WORKER_INIT_FAILED: EAGAIN",
      fix: "give fewer --ranks, or raise the limit on threads (ulimit -u, or the container's)",
    });
  },
);

test.serial(
  "when a checkpoint cannot be written in the midst of a run, the error names it and the ranks are gone",
  async (t) => {
    const folder = temporaryFolder(t);
    t.like(await rejection("folder", folder), {
      kind: "EnvironmentError",
      code: "cannot-write",
      message: `cannot write ${folder}/step-00000007.safetensors: its folder does not exist, or takes no files (ENOENT)`,
    });
  },
);
