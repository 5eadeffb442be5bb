/** The bytes of a file in pieces that fit the pipe, each read when it is asked for; the last one is empty. */
import { closeSync, openSync, readSync } from "node:fs";
import { readError } from "../base/file-error.ts";
import { LONGEST_PAYLOAD_BYTES } from "./pipe.ts";

/** Closes the descriptor at the end. */
export function* filePieces(descriptor: number): Generator<Uint8Array> {
  try {
    for (let bytes = 1; bytes > 0; ) {
      const piece = new Uint8Array(LONGEST_PAYLOAD_BYTES);
      bytes = readSync(descriptor, piece);
      yield piece.subarray(0, bytes);
    }
  } finally {
    closeSync(descriptor);
  }
}

export function openToRead(path: string): number {
  try {
    return openSync(path, "r");
  } catch (thrown) {
    throw readError(path, thrown);
  }
}
