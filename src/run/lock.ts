/** The lock of a run folder: one process trains in it at a time. A file that only one can make, and that names who did. */
import { closeSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFully } from "../base/atomic-file.ts";
import { InputError } from "../base/errors.ts";
import { errnoOf, writeError } from "../base/file-error.ts";
import { isAlive, type ProcessIdentity, thisProcess } from "./status.ts";

/** A file that says nothing may be one that its maker is about to fill; after this long it is a dead one's. */
const FILLED_WITHIN_MS = 2000;
const ATTEMPTS = 200;
const PAUSE_MS = 10;

/**
 * Takes the lock of `folder`, also one that a dead process left, or a process of another machine; returns what gives it
 * back. Throws an InputError `run-in-use` while another process of this machine has it.
 */
export function lockRun(folder: string): () => void {
  const path = join(folder, "lock");
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (makeAlone(path)) return () => rmSync(path, { force: true });
    const holder = readHolder(path);
    if (holder === "gone") continue;
    if (holder !== "dead") throw inUse(folder, holder);
    // Only who holds the guard removes a dead one's lock, and looks again first: it may be a living one's by now.
    const guard = `${path}.takeover`;
    if (makeAlone(guard)) {
      try {
        if (readHolder(path) === "dead") rmSync(path, { force: true });
      } finally {
        rmSync(guard, { force: true });
      }
    } else {
      if (readHolder(guard) === "dead") rmSync(guard, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
  throw inUse(folder, null);
}

/** False if the file is there already. */
function makeAlone(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx");
  } catch (thrown) {
    if (errnoOf(thrown) === "EEXIST") return false;
    throw writeError(path, thrown);
  }
  try {
    writeFully(descriptor, Buffer.from(`${JSON.stringify(thisProcess())}\n`));
    return true;
  } catch (thrown) {
    rmSync(path, { force: true });
    throw writeError(path, thrown);
  } finally {
    closeSync(descriptor);
  }
}

/** The living process that made the file; null while it has not yet written who it is. */
function readHolder(path: string): ProcessIdentity | null | "dead" | "gone" {
  try {
    const text = readFileSync(path, "utf8");
    if (text === "") return Date.now() - statSync(path).mtimeMs < FILLED_WITHIN_MS ? null : "dead";
    const holder = parsed(text);
    if (holder === null) return "dead";
    const since = { startedAt: "", finishedAt: null, steps: 0 };
    return isAlive({ status: "running", process: holder, ...since }) ? holder : "dead";
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return "gone";
    throw writeError(path, thrown);
  }
}

function parsed(text: string): ProcessIdentity | null {
  try {
    return JSON.parse(text) as ProcessIdentity | null;
  } catch {
    return null;
  }
}

function inUse(folder: string, holder: ProcessIdentity | null): InputError {
  return new InputError(
    "run-in-use",
    `${folder} is being trained by ${holder === null ? "another process" : `process ${holder.pid}`}`,
    holder === null ? "wait for it" : `wait for it, or stop it: kill ${holder.pid}`,
  );
}
