/** GEMM's slow twin: one element at a time, the same chain in all four lanes, since Wasm has no scalar fused multiply-add. */
import { geluVector, reluVector, sigmoidVector, tanhVector } from "../activation";
import { madd } from "../madd";
import { geluGradient, reluGradient, sigmoidGradient, tanhGradient } from "./elementwise";

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

/** The element becomes that times f′ of what the activation saved. */
function takeGradient(element: usize, saved: usize, activation: i32): void {
  if (activation === 5) reluGradient(element, saved, element, 1);
  else if (activation === 6) sigmoidGradient(element, saved, element, 1);
  else if (activation === 7) tanhGradient(element, saved, element, 1);
  else geluGradient(element, saved, element, 1);
}

/** Element (i,p) of A is at a + i·aRow + p·aColumn, element (p,j) of B at b + p·bRow + j·bColumn (bytes). */
function gemm(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
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
      const isGradient = activation > 4;
      if (operand !== 0 && !isGradient) sum = f32x4.add(sum, v128.load32_splat(operand + 4 * <usize>j));
      v128.store32_lane(element, activated(sum, activation), 0);
      if (isGradient) takeGradient(element, operand + (element - c), activation);
    }
  }
}

export function gemmNN(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
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
  gemm(c, a, b, operand, m, n, k, ldc, 4 * lda, 4, 4 * ldb, 4, beta, activation);
}

export function gemmNT(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
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
  gemm(c, a, b, operand, m, n, k, ldc, 4 * lda, 4, 4, 4 * ldb, beta, activation);
}

export function gemmTN(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
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
  gemm(c, a, b, operand, m, n, k, ldc, 4, 4 * lda, 4 * ldb, 4, beta, activation);
}
