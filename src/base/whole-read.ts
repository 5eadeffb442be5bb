/** Reads from regular files: whole views at a position, also into shared memory, with errors for a person. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { InputError, LockstepError } from "./errors.ts";
import { readError } from "./file-error.ts";

/** A read of more than 2 GiB is refused by Node. */
const PIECE_BYTES = 1 << 30;

/** Opens `path` for as long as `use` runs. Throws an InputError if there is no readable regular file. */
export function withFile<T>(path: string, use: (descriptor: number, sizeBytes: number) => T): T {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // else a pipe would block
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) {
        throw new InputError("not-a-file", `${path} is not a regular file`, "name a regular file");
      }
      return use(descriptor, stat.size);
    } finally {
      closeSync(descriptor);
    }
  } catch (thrown) {
    throw thrown instanceof LockstepError ? thrown : readError(path, thrown);
  }
}

/** Fills `into` with the file's bytes from `position` on; false if the file ends before. */
export function readFully(descriptor: number, into: Uint8Array, position: number): boolean {
  for (let done = 0; done < into.byteLength; ) {
    const got = readSync(
      descriptor,
      into,
      done,
      Math.min(into.byteLength - done, PIECE_BYTES),
      position + done,
    );
    if (got === 0) return false;
    done += got;
  }
  return true;
}
