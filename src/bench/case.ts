/** One thing to measure: a kernel with its operands, as plain data that goes to the measuring threads. */
import { InputError } from "../base/errors.ts";
import type { KernelName } from "../kernels/abi.ts";
import type { Operand } from "./operand.ts";
import type { Shape } from "./shapes.ts";
import { extentOf, type VectorKernel, vectorOperands } from "./vector-kernels.ts";

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

/** Scratch that a product of these sizes needs: the kernels' own answer. */
export type ScratchBytes = (m: number, n: number, k: number) => number;

/** C from A and B at rest, without bias and activation; C, A and B are the first three operands. */
export function productCase(shape: Shape, scratchBytes: ScratchBytes): KernelCase {
  const { variant, m, n, k } = shape;
  const matrix = (fill: "nothing" | "signed", rows: number, columns: number) =>
    ({ fill, bytes: 4 * rows * columns, traffic: 4 * rows * columns, below: 0 }) as const;
  const scratch = scratchBytes(m, n, k) >>> 0;
  const [lda, ldb] = [variant === "TN" ? m : k, variant === "NT" ? k : n];
  return {
    kernel: `gemm${variant}`,
    operands: [
      ...[matrix("nothing", m, n), matrix("signed", m, k), matrix("signed", k, n)],
      ...[0, m, n, k, n, lda, ldb, 0, 0],
      { fill: "nothing", bytes: scratch, traffic: 0, below: 0 },
    ],
    shape,
    n: m * n,
    work: 2 * m * n * k,
    name: `gemm ${variant} ${m}×${n}×${k}`,
  };
}

export function vectorCase(kernel: VectorKernel, size: number): KernelCase {
  const extent = extentOf(kernel, size);
  const operands = vectorOperands(kernel, extent);
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
