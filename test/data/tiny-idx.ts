/** Builds tiny IDX files, and whole data folders of them, for the tests of the data room. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** An IDX file of unsigned bytes; element i is `i mod 251` unless `elements` are given. */
export function idxBytes(dimensions: readonly number[], elements?: Uint8Array, type = 8): Uint8Array {
  const count = dimensions.reduce((all, one) => all * one, 1);
  const data = elements ?? Uint8Array.from({ length: count }, (_, i) => i % 251);
  const bytes = new Uint8Array(4 + 4 * dimensions.length + data.length);
  bytes.set([0, 0, type, dimensions.length]);
  const view = new DataView(bytes.buffer);
  for (const [i, dimension] of dimensions.entries()) view.setUint32(4 + 4 * i, dimension, false);
  bytes.set(data, 4 + 4 * dimensions.length);
  return bytes;
}

export type Files = Record<string, Uint8Array>;

/** Twelve training and five test images of 3 × 2 pixels in four classes. */
export function tinyFiles(): Files {
  return {
    "train-images-idx3-ubyte": idxBytes([12, 3, 2]),
    "train-labels-idx1-ubyte": idxBytes([12], Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)),
    "t10k-images-idx3-ubyte": idxBytes([5, 3, 2]),
    "t10k-labels-idx1-ubyte": idxBytes([5], Uint8Array.of(3, 2, 1, 0, 0)),
  };
}

export function writeFiles(folder: string, files: Files): void {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
}
