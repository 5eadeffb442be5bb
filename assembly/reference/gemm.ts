/** GEMM's slow twin: one element at a time, the same chain in all four lanes, since Wasm has no scalar fused multiply-add. */
import { geluVector, reluVector, sigmoidVector, tanhVector } from "../activation";
import { madd } from "../madd";

function activated(x: v128, activation: i32): v128 {
  switch (activation) {
    case 1:
      return reluVector(x);
    case 2:
      return sigmoidVector(x);
    case 3:
      return tanhVector(x);
    case 4:
      return geluVector(x);
    default:
      return x;
  }
}

/** Element (i,p) of A is at a + i·aRow + p·aColumn, element (p,j) of B at b + p·bRow + j·bColumn (bytes). */
function gemm(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  aRow: usize,
  aColumn: usize,
  bRow: usize,
  bColumn: usize,
  beta: i32,
  activation: i32,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const element = c + 4 * (<usize>i * <usize>ldc + <usize>j);
      let sum = beta === 0 ? f32x4.splat(0) : v128.load32_splat(element);
      for (let p = 0; p < k; p++) {
        const left = v128.load32_splat(a + <usize>i * aRow + <usize>p * aColumn);
        const right = v128.load32_splat(b + <usize>p * bRow + <usize>j * bColumn);
        sum = madd(left, right, sum);
      }
      if (bias !== 0) sum = f32x4.add(sum, v128.load32_splat(bias + 4 * <usize>j));
      v128.store32_lane(element, activated(sum, activation), 0);
    }
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
  _scratch: usize,
): void {
  gemm(c, a, b, bias, m, n, k, ldc, 4 * lda, 4, 4 * ldb, 4, beta, activation);
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
  _scratch: usize,
): void {
  gemm(c, a, b, bias, m, n, k, ldc, 4 * lda, 4, 4, 4 * ldb, beta, activation);
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
  _scratch: usize,
): void {
  gemm(c, a, b, bias, m, n, k, ldc, 4, 4 * lda, 4 * ldb, 4, beta, activation);
}
