/** status.json: how a run stands, written beside and renamed, so that a reader never sees half of it. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeAtomically, writeFully } from "../base/atomic-file.ts";

export type RunState = "running" | "ok" | "interrupted" | "nonfinite" | "failed";

export interface Status {
  readonly status: RunState;
  /** Steps taken so far; of a running run, when the file was last written. */
  readonly steps: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Who is training: a process is the same one only with the same start time. */
  readonly process: ProcessIdentity;
  /** The `error` object of `--json`, if the run failed. */
  readonly error?: unknown;
  /** The summary of `train --json`, once there is one. */
  readonly summary?: unknown;
}

export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process; null where the system does not say. */
  readonly startTicks: number | null;
}

const STATES: readonly unknown[] = ["running", "ok", "interrupted", "nonfinite", "failed"];

/** Throws an EnvironmentError if the disk refuses. */
export function writeStatus(folder: string, status: Status): void {
  const text = `${JSON.stringify(status, null, 2)}\n`;
  writeAtomically(join(folder, "status.json"), (descriptor) => writeFully(descriptor, Buffer.from(text)));
}

/** What the file says, or null if there is none or it is no status. */
export function readStatus(folder: string): Status | null {
  try {
    const status: unknown = JSON.parse(readFileSync(join(folder, "status.json"), "utf8"));
    const isStatus =
      typeof status === "object" && status !== null && "status" in status && STATES.includes(status.status);
    return isStatus ? (status as Status) : null;
  } catch {
    return null;
  }
}

export function thisProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, startTicks: startTicks(process.pid) };
}

/** True if the run says that it is running, and its process is on this machine and alive. */
export function isAlive(status: Status): boolean {
  const { host, pid, startTicks: then } = status.process ?? {};
  if (status.status !== "running" || host !== hostname() || !Number.isSafeInteger(pid) || pid <= 0)
    return false;
  const now = startTicks(pid);
  if (now !== null || then !== null) return now === then;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); the name before it is in parentheses and may hold anything. */
function startTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return null;
  }
}
