/** Reads a page of text that a user named: a pipe is welcome, a folder, a device or another file by mistake is not. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { InputError } from "./errors.ts";
import { readError } from "./file-error.ts";

/** Throws an InputError on what cannot be read, is longer than `longestBytes`, or is no UTF-8; `what` is "a hostfile". */
export function readSmallFile(path: string, longestBytes: number, what: string): string {
  try {
    const descriptor = openSync(path, "r");
    try {
      const stat = fstatSync(descriptor);
      if (stat.isDirectory()) throw isNot(path, what, "it is a folder", "name the file in it");
      if (stat.isCharacterDevice()) throw isNot(path, what, "it is a device", "name a file");
      return decode(readUpTo(descriptor, longestBytes, path, what), path, what);
    } finally {
      closeSync(descriptor);
    }
  } catch (thrown) {
    throw thrown instanceof InputError ? thrown : readError(path, thrown);
  }
}

/** Reads to the end without trusting a length, which a pipe has not, and a file may change. */
function readUpTo(descriptor: number, longestBytes: number, path: string, what: string): Uint8Array {
  const bytes = new Uint8Array(longestBytes + 1);
  let filled = 0;
  for (let read = 1; read > 0 && filled < bytes.length; filled += read) {
    read = readSync(descriptor, bytes, filled, bytes.length - filled, null);
  }
  if (filled > longestBytes) {
    throw isNot(path, what, `it is longer than ${longestBytes / 2 ** 20} MiB`, "name another file");
  }
  return bytes.subarray(0, filled);
}

function decode(bytes: Uint8Array, path: string, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (thrown) {
    throw isNot(path, what, "it is not UTF-8 text", "name a text file", thrown);
  }
}

function isNot(path: string, what: string, why: string, fix: string, cause?: unknown): InputError {
  return new InputError("not-that-file", `${path} is not ${what}: ${why}`, fix, cause);
}
