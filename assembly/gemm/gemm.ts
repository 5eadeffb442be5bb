/** The three products of the interface: A or B stored straight or transposed. */
import { ZEROS } from "./blocking";
import { reverses } from "./choose";
import { PANEL_STEP } from "./pack";
import { reversed } from "./reversed";
import { straight } from "./straight";

/** C = activation(A·B (+ C) (+ bias)), strides in bytes. Sizes of 0 or less leave C alone, but k = 0 is an empty sum. */
function gemm(
  transposedA: bool,
  transposedB: bool,
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  cStep: usize,
  aStride: usize,
  bStride: usize,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  if (m <= 0 || n <= 0) return;
  for (let i: usize = 0; i < PANEL_STEP; i += 16) v128.store(scratch + ZEROS + i, f32x4.splat(0));
  if (k > 0 && reverses(transposedA, transposedB, m, n, k, aStride, bStride)) {
    const bRow = transposedB ? bStride : 4;
    const bColumn = transposedB ? 4 : bStride;
    reversed(c, a, b, bias, m, n, k, cStep, aStride, transposedA, bRow, bColumn, beta, activation, scratch);
  } else {
    const aRow = transposedA ? 4 : aStride;
    const aColumn = transposedA ? aStride : 4;
    straight(c, a, b, bias, m, n, k, cStep, aRow, aColumn, bStride, transposedB, beta, activation, scratch);
  }
}

export function gemmNN(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  gemm(
    false,
    false,
    c,
    a,
    b,
    bias,
    m,
    n,
    k,
    4 * <usize>ldc,
    4 * <usize>lda,
    4 * <usize>ldb,
    beta,
    activation,
    scratch,
  );
}

export function gemmNT(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  gemm(
    false,
    true,
    c,
    a,
    b,
    bias,
    m,
    n,
    k,
    4 * <usize>ldc,
    4 * <usize>lda,
    4 * <usize>ldb,
    beta,
    activation,
    scratch,
  );
}

export function gemmTN(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  gemm(
    true,
    false,
    c,
    a,
    b,
    bias,
    m,
    n,
    k,
    4 * <usize>ldc,
    4 * <usize>lda,
    4 * <usize>ldb,
    beta,
    activation,
    scratch,
  );
}
