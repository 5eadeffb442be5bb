/** The matrix products that are measured: sets with a name, or one shape of the user's. */
import { InputError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";

/** Which operand is stored transposed: gemmNN, gemmNT, gemmTN. */
export const VARIANTS = ["NN", "NT", "TN"] as const;
export type Variant = (typeof VARIANTS)[number];

/** C[m,n] = A · B, sums of length k. */
export interface Shape {
  readonly variant: Variant;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const shape = (variant: Variant, m: number, n: number, k: number): Shape => ({ variant, m, n, k });
const variantsOf = (m: number, n: number, k: number): Shape[] =>
  VARIANTS.map((variant) => shape(variant, m, n, k));

/** Squares, and what the layers of two perceptrons of MNIST multiply: 784-128-10 at batch 32, 784-2048-2048-10 at 256. */
export const SHAPE_SETS: Readonly<Record<string, readonly Shape[]>> = {
  square: [64, 128, 256, 512, 1024, 2048].flatMap((n) => variantsOf(n, n, n)),
  mlp: [
    shape("NN", 32, 128, 784),
    shape("TN", 784, 128, 32),
    shape("NN", 256, 2048, 784),
    shape("NT", 256, 2048, 2048),
    shape("TN", 2048, 2048, 256),
    shape("NN", 32, 10, 128),
  ],
};

/** Sizes are handed to the kernels as i32. */
const LARGEST_SIZE = 2 ** 31 - 1;

/**
 * "square", "mlp", "square,mlp", or "M,N,K" in all variants. Throws InputError `bad-shape`: on another word, on a size that is no
 * integer from 0 to 2³¹ − 1.
 */
export function parseShapes(text: string): Shape[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.every((part) => Object.hasOwn(SHAPE_SETS, part)))
    return [...new Set(parts)].flatMap((name) => SHAPE_SETS[name]);
  if (parts.every((part) => /^[-+\d.][\d.e+-]*$/i.test(part)) && parts.length === 3) {
    const [m, n, k] = parts.map(size);
    return variantsOf(m, n, k);
  }
  const near = nearest(text, Object.keys(SHAPE_SETS));
  throw new InputError(
    "bad-shape",
    `--shapes: expected square, mlp or three sizes M,N,K, found ${JSON.stringify(text)}`,
    near === null ? "give a value such as --shapes 32,128,784" : `did you mean ${near}?`,
  );
}

function size(text: string, index: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= LARGEST_SIZE) return value;
  throw new InputError(
    "bad-shape",
    `--shapes: expected sizes that are integers from 0 to ${LARGEST_SIZE}, found ${"MNK"[index]} = ${text}`,
    "give a value such as --shapes 32,128,784",
  );
}
