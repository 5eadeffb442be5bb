/**
 * A thread for when the main thread is stuck: ends the process soon after its parent has gone, and leaves its
 * last transfers on the disk, which the main thread would if it could.
 */
import { readFileSync } from "node:fs";
import {
  isMainThread,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from "node:worker_threads";
import { type FlightLog, writeFlights } from "../profile/flight-report.ts";
import { removeFolder } from "./host-folder.ts";

const LOOK_MS = 250;
/** The main thread, which hears of it first, may end the process in better order meanwhile. */
const GRACE_MS = 500;
/** An agent that is stopped hears nothing of its launcher's end. Whoever it started takes it along. */
const STOPPED_MS = 16_000;
/** Three beats of the main thread. */
const STUCK_MS = 3000;

interface Watched {
  readonly parent: number;
  /** Removed at the end; null: none. */
  readonly folder: string | null;
  /** A launcher may be stopped (Ctrl-Z) for as long as one likes; an agent may not. */
  readonly parentMayStop: boolean;
}

/** Where to write the last transfers, and what they are in. */
interface Flights {
  readonly path: string;
  readonly log: FlightLog;
}

export interface Guard {
  /** The main thread is not stuck: to be said every second. */
  beat(): void;
  /** Once. */
  watchFlights(flights: Flights): void;
}

/** To be called once, on the main thread. `parent` is its process id. */
export function guard(watched: Watched): Guard {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const limits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 };
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { ...watched, beats },
    resourceLimits: limits,
    name: "guard",
  });
  // Without it the main thread's own ways of noticing remain.
  worker.on("error", () => {});
  worker.unref();
  return {
    beat: () => void Atomics.add(beats, 0, 1),
    watchFlights: (flights) => worker.postMessage(flights),
  };
}

/** Ends this process and its threads at once, whatever they do. */
export function endAtOnce(folder: string | null): never {
  try {
    if (folder !== null) removeFolder(folder);
  } catch {
    // Nobody is there to tell any more.
  }
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

/** Writes the last transfers once, when the main thread has not moved for long. */
class StuckWatch {
  readonly #beats: Int32Array;
  #flights: Flights | null = null;
  #last = 0;
  #stillMs = 0;

  constructor(beats: Int32Array) {
    this.#beats = beats;
  }

  look(): void {
    const heard = this.#flights === null ? receiveMessageOnPort(parentPort as MessagePort) : undefined;
    if (heard) this.#flights = heard.message as Flights;
    const beats = Atomics.load(this.#beats, 0);
    const before = this.#stillMs;
    this.#stillMs = beats === this.#last ? before + LOOK_MS : 0;
    this.#last = beats;
    if (this.#flights === null || before >= STUCK_MS || this.#stillMs < STUCK_MS) return;
    const { path, log } = this.#flights;
    try {
      writeFlights(path, log, `its main thread has not moved for ${STUCK_MS / 1000} s`);
    } catch {
      // No reason to end the process.
    }
  }
}

if (!isMainThread && workerData?.parent !== undefined) {
  const { parent, folder, parentMayStop, beats } = workerData as Watched & { beats: Int32Array };
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  const watch = new StuckWatch(beats);
  for (let stoppedMs = 0; process.ppid === parent; Atomics.wait(asleep, 0, 0, LOOK_MS)) {
    stoppedMs = !parentMayStop && isStopped(parent) ? stoppedMs + LOOK_MS : 0;
    if (stoppedMs > STOPPED_MS) process.kill(parent, "SIGKILL");
    watch.look();
  }
  Atomics.wait(asleep, 0, 0, GRACE_MS);
  endAtOnce(folder);
}
