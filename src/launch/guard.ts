/** A thread that ends its process soon after the parent has gone, also where the main thread is stuck. */
import { readFileSync, rmSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const LOOK_MS = 250;
/** The main thread, which hears of it first, may end the process in better order meanwhile. */
const GRACE_MS = 500;
/** An agent that is stopped hears nothing of its launcher's end. Whoever it started takes it along. */
const STOPPED_MS = 16_000;

interface Watched {
  readonly parent: number;
  /** Removed at the end; null: none. */
  readonly folder: string | null;
  /** A launcher may be stopped (Ctrl-Z) for as long as one likes; an agent may not. */
  readonly parentMayStop: boolean;
}

/** To be called once, on the main thread. `parent` is its process id. */
export function guard(watched: Watched): void {
  const limits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 };
  const worker = new Worker(new URL(import.meta.url), {
    workerData: watched,
    resourceLimits: limits,
    name: "guard",
  });
  // Without it the main thread's own ways of noticing remain.
  worker.on("error", () => {});
  worker.unref();
}

/** Ends this process and its threads at once, whatever they do. */
export function endAtOnce(folder: string | null): never {
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
  process.kill(process.pid, "SIGKILL");
  throw new Error("SIGKILL was not obeyed");
}

/** Linux tells (proc(5)); elsewhere a process is taken to run. */
function isStopped(pid: number): boolean {
  try {
    return /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

if (!isMainThread && workerData?.parent !== undefined) {
  const { parent, folder, parentMayStop } = workerData as Watched;
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  for (let stoppedMs = 0; process.ppid === parent; Atomics.wait(asleep, 0, 0, LOOK_MS)) {
    stoppedMs = !parentMayStop && isStopped(parent) ? stoppedMs + LOOK_MS : 0;
    if (stoppedMs > STOPPED_MS) process.kill(parent, "SIGKILL");
  }
  Atomics.wait(asleep, 0, 0, GRACE_MS);
  endAtOnce(folder);
}
