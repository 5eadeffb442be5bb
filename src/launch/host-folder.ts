/** Where the processes of a run on one host keep what only they may see: sockets, traces, last transfers. */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EnvironmentError } from "../base/errors.ts";
import { errnoOf } from "../base/file-error.ts";

/** A path longer than this leaves no room for the name of a socket in it (108 bytes, unix(7)). */
const LONGEST_FOLDER = 60;
/** With pauses of 10, 20 … ms. */
const RETRIES = 9;

/** A path that nobody has, or will be given again. */
export function newPath(): string {
  const below = tmpdir().length > LONGEST_FOLDER ? "/tmp" : tmpdir();
  return join(below, `lockstep-run-${randomBytes(6).toString("base64url")}`);
}

export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new EnvironmentError(
      "no-temporary-folder",
      `no folder can be made in ${dirname(path)}: ${why}`,
      errnoOf(thrown) === "ENOENT"
        ? "create it, or set TMPDIR to another folder"
        : "make room there, or set TMPDIR to another folder",
      thrown,
    );
  }
}

/** All who end at once do so, each at a moment of its own: another may still put something into it, or take something out. */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: RETRIES, retryDelay: 10 });
}
