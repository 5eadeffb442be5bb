/** One thing to measure: a kernel with its operands, as plain data that goes to the measuring threads. */
import { InputError } from "../base/errors.ts";
import type { KernelName } from "../kernels/abi.ts";
import { type Operand, operandsOf, productWords, vectorWords } from "./operand.ts";
import { isAlone, type ProductKernel } from "./product-kernels.ts";
import type { Shape } from "./shapes.ts";
import { extentOf, type VectorKernel } from "./vector-kernels.ts";

export interface KernelCase {
  readonly kernel: KernelName;
  readonly operands: readonly Operand[];
  /** The sizes of a product; null for other kernels. */
  readonly shape: Shape | null;
  /** Elements that a call goes through. */
  readonly n: number;
  /** What a call does: multiplications and additions of a product, bytes read and written of anything else. */
  readonly work: number;
  /** For filters and progress: "gemm NN 64×64×64". */
  readonly name: string;
}

export function productCase(product: ProductKernel, shape: Shape, scratchBytes: number): KernelCase {
  const { kernel, variant, call } = product;
  const { m, n, k } = shape;
  return {
    kernel,
    operands: operandsOf(call, productWords(shape, scratchBytes)),
    shape,
    n: m * n,
    work: 2 * m * n * k,
    name: `${isAlone(kernel) ? `gemm ${variant}` : kernel} ${m}×${n}×${k}`,
  };
}

export function vectorCase(kernel: VectorKernel, size: number): KernelCase {
  const extent = extentOf(kernel, size);
  const operands = operandsOf(kernel.call, vectorWords(extent));
  const n = extent.rows * extent.columns;
  return {
    kernel: kernel.kernel,
    operands,
    shape: null,
    n,
    work: operands.reduce<number>(
      (sum, operand) => sum + (typeof operand === "number" ? 0 : operand.traffic),
      0,
    ),
    name: `${kernel.kernel} ${n}`,
  };
}

/** Bytes of all buffers: the cache that they fit is the one that a copy of as many bytes lives in. */
export function bytesOf(operands: readonly Operand[]): number {
  return operands.reduce<number>(
    (sum, operand) => sum + (typeof operand === "number" ? 0 : operand.bytes),
    0,
  );
}

/**
 * The cases whose name has one of the texts that `filter` lists between commas: "gemm NN", "gemmNN", "64x64x64", "adam", in
 * large or small letters. Throws InputError `no-match` where there is none.
 */
export function filterCases(cases: readonly KernelCase[], filter: string): KernelCase[] {
  const wanted = filter
    .split(",")
    .map(plain)
    .filter((text) => text !== "");
  const found = cases.filter(({ name, kernel }) =>
    wanted.some((text) => `${plain(name)} ${plain(kernel)}`.includes(text)),
  );
  if (found.length > 0) return found;
  const names = [...new Set(cases.map(({ kernel }) => kernel))].join(", ");
  throw new InputError(
    "no-match",
    `--filter ${JSON.stringify(filter)} matches none of the ${cases.length} measurements`,
    `give a part of a kernel's name: ${names}`,
  );
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/\s/g, "").replaceAll("×", "x");
