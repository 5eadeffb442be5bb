/** A thread that ends its process soon after the parent has gone, also where the main thread is stuck. */
import { rmSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const LOOK_MS = 250;
/** The main thread, which hears of it first, may end the process in better order meanwhile. */
const GRACE_MS = 500;

interface Watched {
  readonly parent: number;
  /** Removed at the end; null: none. */
  readonly folder: string | null;
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

if (!isMainThread && workerData?.parent !== undefined) {
  const { parent, folder } = workerData as Watched;
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  while (process.ppid === parent) Atomics.wait(asleep, 0, 0, LOOK_MS);
  Atomics.wait(asleep, 0, 0, GRACE_MS);
  endAtOnce(folder);
}
