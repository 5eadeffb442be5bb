/** The bytes of a file in pieces that fit the pipe, each read when it is asked for; the last one is empty. */
import { closeSync, readSync } from "node:fs";
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
