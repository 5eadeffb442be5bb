/** Writes a file whole or not at all: beside its place under a unique name, synced, then renamed. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LockstepError } from "./errors.ts";
import { errnoOf, writeError } from "./file-error.ts";

/** A write of more than 2 GiB is refused by Node; this also bounds how long one call blocks. */
const PIECE_BYTES = 1 << 28;

/**
 * Calls `fill` with a file descriptor, and puts what it wrote at `path` in one step that a reader cannot see half of and
 * that survives a power cut. If anything fails, `path` is as before, nothing is left beside it, and an EnvironmentError
 * says why (a LockstepError thrown by `fill` passes as it is).
 */
export function writeAtomically(path: string, fill: (descriptor: number) => void): void {
  const folder = dirname(path);
  const beside = join(
    folder,
    `.${basename(path).slice(0, 100)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`,
  );
  let descriptor: number | null = null;
  try {
    descriptor = openSync(beside, "wx", 0o666);
    fill(descriptor);
    fsyncSync(descriptor);
    const finished = descriptor;
    descriptor = null;
    closeSync(finished);
    renameSync(beside, path);
  } catch (thrown) {
    if (descriptor !== null) closeSync(descriptor);
    rmSync(beside, { force: true });
    throw thrown instanceof LockstepError ? thrown : writeError(path, thrown);
  }
  syncFolder(folder, path);
}

/** Writes all of `bytes` at the descriptor's position; the view may lie in shared memory. */
export function writeFully(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(descriptor, bytes, done, Math.min(bytes.byteLength - done, PIECE_BYTES));
  }
}

/** Makes the rename itself durable, where the file system knows how. */
function syncFolder(folder: string, path: string): void {
  try {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (thrown) {
    const cannot = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EPERM", "EACCES", "EISDIR"];
    if (!cannot.includes(errnoOf(thrown) ?? "")) throw writeError(path, thrown);
  }
}
