/** Sums whose order is fixed: down the columns of a matrix, and along a vector in f64. */
import { afterLanes, loadLanes, storeLanes, storePair } from "./lanes";
import { madd } from "./madd";

/** The next term of a column's chain: + x, or + x² in one multiply-add. @inline */
function nextTerm(sum: v128, x: v128, squared: bool): v128 {
  return squared ? madd(x, x, sum) : f32x4.add(sum, x);
}

/** 32 columns at once, i ascending: eight chains hide the latency of an addition. @inline */
function blockOf32(out: usize, x: usize, rows: usize, stride: usize, continued: bool, squared: bool): void {
  const zero = f32x4.splat(0.0);
  let s0 = continued ? v128.load(out) : zero;
  let s1 = continued ? v128.load(out, 16) : zero;
  let s2 = continued ? v128.load(out, 32) : zero;
  let s3 = continued ? v128.load(out, 48) : zero;
  let s4 = continued ? v128.load(out, 64) : zero;
  let s5 = continued ? v128.load(out, 80) : zero;
  let s6 = continued ? v128.load(out, 96) : zero;
  let s7 = continued ? v128.load(out, 112) : zero;
  for (; rows > 0; rows--, x += stride) {
    s0 = nextTerm(s0, v128.load(x), squared);
    s1 = nextTerm(s1, v128.load(x, 16), squared);
    s2 = nextTerm(s2, v128.load(x, 32), squared);
    s3 = nextTerm(s3, v128.load(x, 48), squared);
    s4 = nextTerm(s4, v128.load(x, 64), squared);
    s5 = nextTerm(s5, v128.load(x, 80), squared);
    s6 = nextTerm(s6, v128.load(x, 96), squared);
    s7 = nextTerm(s7, v128.load(x, 112), squared);
  }
  storePair(out, s0, s1);
  storePair(out + 32, s2, s3);
  storePair(out + 64, s4, s5);
  storePair(out + 96, s6, s7);
}

/** Up to four columns, i ascending. @inline */
function blockOf4(
  out: usize,
  x: usize,
  n: usize,
  rows: usize,
  stride: usize,
  continued: bool,
  squared: bool,
): void {
  let sum = continued ? loadLanes(out, n) : f32x4.splat(0.0);
  for (; rows > 0; rows--, x += stride) sum = nextTerm(sum, loadLanes(x, n), squared);
  storeLanes(out, sum, n);
}

/** One chain per column over ascending rows, from +0 or, `continued`, from the old out. @inline */
function columnChains(
  out: usize,
  x: usize,
  rows: usize,
  columns: usize,
  ldx: usize,
  continued: bool,
  squared: bool,
): void {
  const stride = ldx << 2;
  for (; columns >= 32; columns -= 32, out += 128, x += 128)
    blockOf32(out, x, rows, stride, continued, squared);
  for (; columns > 0; columns = afterLanes(columns), out += 16, x += 16) {
    blockOf4(out, x, columns, rows, stride, continued, squared);
  }
}

export function columnSums(out: usize, x: usize, rows: usize, columns: usize, ldx: usize, beta: i32): void {
  columnChains(out, x, rows, columns, ldx, beta !== 0, false);
}

export function squaredNorms(out: usize, x: usize, rows: usize, columns: usize, ldx: usize): void {
  columnChains(out, x, rows, columns, ldx, false, true);
}

export function sumAscending(out: usize, x: usize, n: usize, beta: i32): void {
  let sum: f64 = beta !== 0 ? load<f64>(out) : 0.0;
  for (; n > 0; n--, x += 4) sum += <f64>load<f32>(x);
  store<f64>(out, sum);
}

/** A NaN total makes the factor NaN, so that the weights show it. */
export function clipFactor(factor: usize, total: usize, limit: usize): void {
  const ratio = <f64>load<f32>(limit) / (sqrt<f64>(load<f64>(total)) + 1e-6);
  store<f32>(factor, <f32>min<f64>(1.0, ratio));
}
