/** The bytes of a file, plain or gzipped: its first few cheaply, and all of them straight into the caller's memory. */
import { gunzipSync, constants as zlib } from "node:zlib";
import { InputError } from "../base/errors.ts";
import { readFully, withFile } from "../base/whole-read.ts";

/** Deflate cannot shrink further than 258 bytes per two bits. */
const DEFLATE_MAXIMUM_RATIO = 1032;

export interface ByteSource {
  readonly path: string;
  /** Length of the contents: exact for a plain file, for a gzipped one no more than this. */
  readonly longestBytes: number;
  readonly compressed: boolean;
  /** The first `count` bytes of the contents, fewer where it ends before. */
  prefix(count: number): Uint8Array;
  /** Fills `into` (also shared memory) from byte `skip` on; says whether the contents end there, before or after. */
  readExactly(into: Uint8Array, skip: number): "exact" | "short" | "long";
}

/** Opens nothing for long: each call opens, reads and closes. Throws an InputError on what is missing or not a file. */
export function byteSource(path: string): ByteSource {
  const magic = new Uint8Array(2);
  const sizeBytes = withFile(path, (descriptor, size) => {
    readFully(descriptor, magic, 0);
    return size;
  });
  const compressed = path.endsWith(".gz") || (magic[0] === 0x1f && magic[1] === 0x8b);
  if (compressed && !(magic[0] === 0x1f && magic[1] === 0x8b)) {
    const found = sizeBytes === 0 ? "it is empty" : `it starts with ${hex(magic)}, not 1f 8b`;
    throw new InputError(
      "not-gzip",
      `${path} is named .gz, but ${found}`,
      "get the file again, or rename it",
    );
  }
  return compressed ? gzipSource(path, sizeBytes) : plainSource(path, sizeBytes);
}

function plainSource(path: string, sizeBytes: number): ByteSource {
  return {
    path,
    longestBytes: sizeBytes,
    compressed: false,
    prefix: (count) => head(path, Math.min(count, sizeBytes)),
    readExactly(into, skip) {
      if (sizeBytes > skip + into.byteLength) return "long";
      return withFile(path, (descriptor) => readFully(descriptor, into, skip)) ? "exact" : "short";
    },
  };
}

function gzipSource(path: string, sizeBytes: number): ByteSource {
  return {
    path,
    longestBytes: sizeBytes * DEFLATE_MAXIMUM_RATIO,
    compressed: true,
    prefix(count) {
      for (let take = 4096; ; take *= 4) {
        const whole = take >= sizeBytes;
        const bytes = inflate(path, head(path, Math.min(take, sizeBytes)), !whole, Number.MAX_SAFE_INTEGER);
        if (bytes === null) return new Uint8Array(0);
        if (whole || bytes.byteLength >= count) return bytes.subarray(0, count);
      }
    },
    readExactly(into, skip) {
      const bytes = inflate(path, head(path, sizeBytes), false, skip + into.byteLength);
      if (bytes === null) return "long";
      if (bytes.byteLength < skip + into.byteLength) return "short";
      into.set(bytes.subarray(skip));
      return "exact";
    },
  };
}

/** The contents, or null if they are longer than `limitBytes`. With `partial`, an input that stops early is no error. */
function inflate(path: string, bytes: Uint8Array, partial: boolean, limitBytes: number): Uint8Array | null {
  const finishFlush = partial ? zlib.Z_SYNC_FLUSH : zlib.Z_FINISH;
  try {
    const chunkSize = Math.min(Math.max(limitBytes, 1024), partial ? 1 << 16 : 1 << 26);
    return gunzipSync(bytes, { finishFlush, chunkSize, maxOutputLength: Math.min(limitBytes, 2 ** 32) });
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") return null;
    const what =
      code === "Z_BUF_ERROR"
        ? "is cut off: its gzip stream has no end"
        : "is corrupt: not a sound gzip stream";
    const name = code === "Z_BUF_ERROR" ? "gzip-truncated" : "gzip-corrupt";
    const detail = code === "Z_BUF_ERROR" || !(thrown instanceof Error) ? "" : ` (${thrown.message})`;
    throw new InputError(
      name,
      `${path} ${what}${detail}`,
      "get the file again; `gzip -t` tells whether it is whole",
      thrown,
    );
  }
}

function head(path: string, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  withFile(path, (descriptor) => readFully(descriptor, bytes, 0));
  return bytes;
}

/** "00 00 08 03" */
export function hex(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
