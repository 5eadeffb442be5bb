/** The kernels whose speed is that of memory or of the vector unit: one line each. */
import type { KernelName } from "../kernels/abi.ts";
import type { Extent } from "./operand.ts";

export interface VectorKernel {
  readonly kernel: KernelName;
  /** Its arguments, in the words of operand.ts. */
  readonly call: string;
  /** Elements of a row. */
  readonly columns: number;
}

const ROW = 512;
/** Of a softmax: MNIST's, with which its rows are no whole vectors. */
const CLASSES = 10;

const kernel = (kernel: KernelName, call: string, columns = ROW): VectorKernel => ({ kernel, call, columns });

export const VECTOR_KERNELS: readonly VectorKernel[] = [
  kernel("relu", "out in n"),
  kernel("sigmoid", "out in n"),
  kernel("tanh", "out in n"),
  kernel("gelu", "out in n"),
  kernel("exp", "out in n"),
  kernel("log", "out positive n"),
  kernel("reluGradient", "out in in n"),
  kernel("sigmoidGradient", "out in in n"),
  kernel("tanhGradient", "out in in n"),
  kernel("geluGradient", "out in in n"),
  kernel("add", "out in in n"),
  kernel("addBias", "out in columnsIn rows columns"),
  kernel("scale", "inout one n"),
  kernel("copy", "out in n"),
  kernel("fingerprint", "out in n"),
  kernel("transpose", "out in rows columns rows columns"),
  kernel("crossEntropy", "rowsOut rowsOut in labels rows columns", CLASSES),
  kernel("crossEntropyGradient", "out in labels rows columns rows", CLASSES),
  kernel("crossEntropyWithGradient", "out rowsOut rowsOut in labels rows columns rows", CLASSES),
  kernel("columnSums", "columnsOut in rows columns columns 0"),
  kernel("rowSums", "rowsOut in rows columns columns"),
  kernel("squaredNorms", "columnsOut in rows columns columns"),
  kernel("sumAscending", "f64 in n 0"),
  kernel("sgd", "inout in hyper n"),
  kernel("momentum", "inout inout in hyper n"),
  kernel("adam", "inout inout inout in hyper n"),
  kernel("gatherBytes", "out bytes order rows columns"),
  kernel("gatherLabels", "out bytes order rows", 1),
  kernel("philox", "out stream 0 n"),
  kernel("uniform", "out stream 0 n"),
  kernel("normal", "out stream 0 n"),
];

/** Floats of an array: 64 KB, of which four fit a core's own cache; 16 MB, of which none does. */
export const VECTOR_SIZES: readonly number[] = [2 ** 14, 2 ** 22];

/** The extent of about `n` elements in whole rows. */
export function extentOf({ columns }: VectorKernel, n: number): Extent {
  return { rows: Math.floor(n / columns), columns };
}
