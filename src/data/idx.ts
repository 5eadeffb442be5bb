/** The IDX format (LeCun's MNIST files): magic 00 00 type rank, each dimension as a big-endian u32, then the elements. */
import { InputError } from "../base/errors.ts";
import { type ByteSource, byteSource, hex } from "./byte-source.ts";

const UNSIGNED_BYTE = 0x08;
const ELEMENT_TYPES: Record<number, string> = {
  8: "unsigned byte",
  9: "signed byte",
  11: "16-bit integer",
  12: "32-bit integer",
  13: "32-bit float",
  14: "64-bit float",
};
/** A process's shared memory ends at 4 GiB, so no larger array can ever be read. */
const LARGEST_BYTES = 2 ** 32 - 1;
const AGAIN = "get the file again";

/** An IDX file of unsigned bytes whose header fits its length. */
export interface IdxFile {
  readonly path: string;
  /** E.g. [60000, 28, 28]; none is 0. */
  readonly dimensions: readonly number[];
  /** Product of the dimensions. */
  readonly bytes: number;
  /** Writes all elements to `into`, which must be `bytes` long and may be shared memory. */
  read(into: Uint8Array): void;
}

/**
 * Reads an IDX header from the first bytes of a file; `path` is for the messages.
 * Throws an InputError unless these are `rank` dimensions of unsigned bytes, none 0, below 4 GiB together.
 */
export function parseIdxHeader(bytes: Uint8Array, path: string, rank: number): number[] {
  if (bytes.byteLength === 0) {
    throw new InputError("idx-empty", `${path} is empty; expected an IDX file`, AGAIN);
  }
  const magic = `00 00 ${hex([UNSIGNED_BYTE, rank])}`;
  if (bytes.byteLength >= 4 && (bytes[0] !== 0 || bytes[1] !== 0)) {
    const found = hex(bytes.subarray(0, 4));
    throw new InputError(
      "idx-magic",
      `${path} is not an IDX file: it starts with ${found}, expected ${magic}`,
      AGAIN,
    );
  }
  if (bytes.byteLength >= 4 && bytes[2] !== UNSIGNED_BYTE) {
    const type = ELEMENT_TYPES[bytes[2]] ?? "unknown type";
    const found = `its elements are of type ${hex(bytes.subarray(2, 3))} (${type})`;
    throw new InputError(
      "idx-element-type",
      `${path}: ${found}, expected 08 (unsigned byte)`,
      "convert the file to bytes",
    );
  }
  if (bytes.byteLength >= 4 && bytes[3] !== rank) {
    const expected = rank === 1 ? "1 (labels)" : `${rank} (images: count, rows, columns)`;
    const fix = "check that images and labels are not interchanged";
    throw new InputError("idx-rank", `${path} has ${bytes[3]} dimensions, expected ${expected}`, fix);
  }
  if (bytes.byteLength < 4 + 4 * rank) {
    const found = `the file ends after ${bytes.byteLength} bytes, inside its header of ${4 + 4 * rank}`;
    throw new InputError("idx-truncated", `${path} is cut off: ${found}`, AGAIN);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i, false));
  checkDimensions(dimensions, path);
  return dimensions;
}

function checkDimensions(dimensions: number[], path: string): void {
  const product = dimensions.reduce((all, one) => all * BigInt(one), 1n);
  const written = dimensions.join(" × ");
  if (product === 0n) {
    throw new InputError(
      "idx-no-elements",
      `${path} holds nothing: its header says ${written}`,
      "use a file with samples",
    );
  }
  if (product > BigInt(LARGEST_BYTES)) {
    const found = `its header says ${written} = ${product} bytes, at most ${LARGEST_BYTES} can be read`;
    throw new InputError(
      "idx-too-large",
      `${path} is damaged or too large: ${found}`,
      "use a smaller file, or get it again",
    );
  }
}

/** Opens an IDX file of unsigned bytes, plain or gzipped. Reads its header only; throws an InputError that names the file. */
export function openIdx(path: string, rank: number): IdxFile {
  const source = byteSource(path);
  const headerBytes = 4 + 4 * rank;
  const dimensions = parseIdxHeader(source.prefix(headerBytes), path, rank);
  const bytes = dimensions.reduce((all, one) => all * one, 1);
  const whole = headerBytes + bytes;
  if (source.longestBytes < whole) throw wrongLength("short", source, dimensions, whole);
  if (!source.compressed && source.longestBytes > whole) throw wrongLength("long", source, dimensions, whole);
  return {
    path,
    dimensions,
    bytes,
    read(into) {
      if (into.byteLength !== bytes) {
        throw new RangeError(`${path} has ${bytes} elements, not ${into.byteLength}`);
      }
      const outcome = source.readExactly(into, headerBytes);
      if (outcome !== "exact") throw wrongLength(outcome, source, dimensions, whole);
    },
  };
}

function wrongLength(
  outcome: "short" | "long",
  source: ByteSource,
  dimensions: number[],
  whole: number,
): InputError {
  const length = source.compressed ? "its contents are" : `it is ${source.longestBytes} bytes,`;
  const expected = `its header says ${dimensions.join(" × ")}, which makes ${whole} bytes`;
  return outcome === "short"
    ? new InputError(
        "idx-truncated",
        `${source.path} is cut off: ${length} shorter than expected; ${expected}`,
        AGAIN,
      )
    : new InputError(
        "idx-too-long",
        `${source.path} is damaged: ${length} longer than expected; ${expected}`,
        AGAIN,
      );
}
