/** Writes a file whole or not at all: beside its place under a unique name, synced, then renamed. */
import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LockstepError } from "./errors.ts";
import { errnoOf, writeError } from "./file-error.ts";
import { SLICE_BYTES } from "./slices.ts";

/** A write of more than 2 GiB is refused by Node; this also bounds how long one call blocks. */
const PIECE_BYTES = 1 << 28;

/**
 * A file on its way to `path`, written beside it. `commit` puts it there in one step that a reader cannot see half of and that
 * survives a power cut; after `abandon` `path` is as before, and nothing is left beside it. What the disk refuses is thrown as an
 * EnvironmentError.
 */
export class AtomicFile {
  readonly #path: string;
  readonly #beside: string;
  #descriptor: number | null = null;
  /** Written, but perhaps not on the disk yet. */
  #unsyncedBytes = 0;

  constructor(path: string) {
    const unique = `${process.pid}.${randomBytes(6).toString("hex")}`;
    this.#path = path;
    this.#beside = join(dirname(path), `.${basename(path).slice(0, 100)}.${unique}.tmp`);
    try {
      this.#descriptor = openSync(this.#beside, "wx", 0o666);
    } catch (thrown) {
      throw writeError(path, thrown);
    }
  }

  /** Open until it is committed or abandoned. */
  get descriptor(): number {
    if (this.#descriptor === null) throw new Error(`${this.#path} is closed`);
    return this.#descriptor;
  }

  /** Throws with the file abandoned. Syncs now and then, so that no call, nor commit(), has to wait for much. */
  write(bytes: Uint8Array): void {
    this.#orAbandon(() => {
      writeFully(this.descriptor, bytes);
      this.#unsyncedBytes += bytes.length;
      if (this.#unsyncedBytes < SLICE_BYTES) return;
      fdatasyncSync(this.descriptor);
      this.#unsyncedBytes = 0;
    });
  }

  commit(): void {
    this.#orAbandon(() => {
      const finished = this.descriptor;
      fsyncSync(finished);
      this.#descriptor = null;
      closeSync(finished);
      renameSync(this.#beside, this.#path);
    });
    syncFolder(dirname(this.#path), this.#path);
  }

  abandon(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    rmSync(this.#beside, { force: true });
  }

  #orAbandon(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.abandon();
      throw writeError(this.#path, thrown);
    }
  }
}

/**
 * Calls `fill` with a file descriptor, and puts what it wrote at `path` like an AtomicFile. If anything
 * fails, `path` is as before, nothing is left beside it, and an EnvironmentError says why (a LockstepError
 * thrown by `fill` passes as it is).
 */
export function writeAtomically(path: string, fill: (descriptor: number) => void): void {
  const file = new AtomicFile(path);
  try {
    fill(file.descriptor);
  } catch (thrown) {
    file.abandon();
    throw thrown instanceof LockstepError ? thrown : writeError(path, thrown);
  }
  file.commit();
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
