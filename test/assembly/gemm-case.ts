/** One GEMM call as a value: its operands laid out among poison, run by a kernel or by its twin, C compared bit by bit. */
import { ACTIVATION_GRADIENT, type Kernels } from "../../src/kernels/abi.ts";
import type { GemmTwins } from "./gemm-twins.ts";
import { numbers } from "./twins.ts";

export type Variant = "gemmNN" | "gemmNT" | "gemmTN";
export const VARIANTS: readonly Variant[] = ["gemmNN", "gemmNT", "gemmTN"];

export interface GemmCase {
  readonly variant: Variant;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** What the leading dimensions exceed the row lengths by. */
  readonly gap: number;
  readonly beta: number;
  readonly activation: number;
  readonly bias: boolean;
}

const GRADIENTS: readonly number[] = Object.values(ACTIVATION_GRADIENT);

/** Rows of the operand: of what an activation saved if its gradient is asked for, else of the bias. */
const isGradient = ({ activation }: GemmCase): boolean => GRADIENTS.includes(activation);
const operandRows = (gemm: GemmCase): number => (isGradient(gemm) ? gemm.m : 1);

/** Floats of poison around every operand. */
const MARGIN = 16;
const POISON = 0x7fc0dead;

export interface Layout {
  readonly a: number;
  readonly b: number;
  readonly operand: number;
  readonly c: number;
  readonly twin: number;
  readonly scratch: number;
  readonly lda: number;
  readonly ldb: number;
  readonly ldc: number;
  /** Floats of C with its margins. */
  readonly cFloats: number;
  readonly scratchBytes: number;
}

/** Places the operands one after the other, each at an odd float, the scratch last. All in bytes but the strides. */
export function layOut(kernels: Kernels, gemm: GemmCase): Layout {
  const { variant, m, n, k, gap } = gemm;
  let floats = MARGIN;
  const place = (rows: number, ld: number): number => {
    const at = floats;
    floats += rows * ld + MARGIN + 1;
    return 4 * at;
  };
  const [aRows, aColumns] = variant === "gemmTN" ? [k, m] : [m, k];
  const [bRows, bColumns] = variant === "gemmNT" ? [n, k] : [k, n];
  const [lda, ldb, ldc] = [aColumns + gap, bColumns + gap, n + gap];
  const [a, b, operand] = [place(aRows, lda), place(bRows, ldb), place(operandRows(gemm), ldc)];
  const [c, twin] = [place(m, ldc), place(m, ldc)];
  const scratch = Math.ceil((4 * floats + 4 * MARGIN) / 64) * 64;
  const scratchBytes = kernels.gemmScratchBytes(m, n, k);
  return { a, b, operand, c, twin, scratch, lda, ldb, ldc, cFloats: m * ldc + MARGIN, scratchBytes };
}

function fillRows(
  f32: Float32Array,
  next: () => number,
  at: number,
  rows: number,
  columns: number,
  ld: number,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) f32[at / 4 + i * ld + j] = next();
  }
}

/** Fills the operands with numbers, all else up to the scratch's end with poison; C too unless beta continues it. */
export function fill(memory: WebAssembly.Memory, gemm: GemmCase, layout: Layout, seed: number): void {
  const { variant, m, n, k, beta } = gemm;
  const f32 = new Float32Array(memory.buffer);
  new Uint32Array(memory.buffer).fill(POISON, 0, (layout.scratch + layout.scratchBytes) / 4 + MARGIN);
  const next = numbers(seed);
  const [aRows, aColumns] = variant === "gemmTN" ? [k, m] : [m, k];
  const [bRows, bColumns] = variant === "gemmNT" ? [n, k] : [k, n];
  fillRows(f32, next, layout.a, aRows, aColumns, layout.lda);
  fillRows(f32, next, layout.b, bRows, bColumns, layout.ldb);
  fillRows(f32, next, layout.operand, operandRows(gemm), n, layout.ldc);
  if (beta === 1) {
    fillRows(f32, numbers(seed + 1), layout.c, m, n, layout.ldc);
    fillRows(f32, numbers(seed + 1), layout.twin, m, n, layout.ldc);
  }
}

/** Calls a kernel (or its twin) for the case, with C at `c`. */
export function call(kernels: Kernels, gemm: GemmCase, layout: Layout, c: number): void {
  const { variant, m, n, k, beta, activation } = gemm;
  const { a, b, lda, ldb, ldc, scratch } = layout;
  const operand = gemm.bias || isGradient(gemm) ? layout.operand : 0;
  kernels[variant](c, a, b, operand, m, n, k, ldc, lda, ldb, beta, activation, scratch);
}

/** Runs kernel and twin; the first place where C, its gaps or its margins differ, or where the scratch overflowed. */
export function difference(twins: GemmTwins, gemm: GemmCase, seed: number): string | undefined {
  const layout = layOut(twins.kernels, gemm);
  fill(twins.memory, gemm, layout, seed);
  call(twins.kernels, gemm, layout, layout.c);
  call(twins.reference, gemm, layout, layout.twin);
  const name = `${twins.name} ${JSON.stringify(gemm)}`;
  const bytes = Buffer.from(twins.memory.buffer);
  const whole = (at: number): Buffer => bytes.subarray(at - 4 * MARGIN, at - 4 * MARGIN + 4 * layout.cFloats);
  if (!whole(layout.c).equals(whole(layout.twin))) return `${name}: C differs`;
  const after = new Uint32Array(twins.memory.buffer, layout.scratch + layout.scratchBytes, MARGIN);
  return after.every((word) => word === POISON) ? undefined : `${name}: written past the scratch`;
}
