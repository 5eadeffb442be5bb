/** Sums whose order is fixed: down the columns of a matrix, and along a vector in f64. */
import { afterLanes, loadLanes, storeLanes, storePair } from "./lanes";
import { madd } from "./madd";

/** The next term of a column's chain: + x, or + x² in one multiply-add. @inline */
function nextTerm(sum: v128, x: v128, squared: bool): v128 {
  return squared ? madd(x, x, sum) : f32x4.add(sum, x);
}

/**
 * 64 columns, i ascending: sixteen chains, so that the loads and not an addition's latency take the time. V8 pairs the
 * stores only if all stand at constants from one pointer.
 * @inline
 */
function blockOf64(out: usize, x: usize, rows: usize, stride: usize, squared: bool): void {
  let s0 = v128.load(out);
  let s1 = v128.load(out, 16);
  let s2 = v128.load(out, 32);
  let s3 = v128.load(out, 48);
  let s4 = v128.load(out, 64);
  let s5 = v128.load(out, 80);
  let s6 = v128.load(out, 96);
  let s7 = v128.load(out, 112);
  let s8 = v128.load(out, 128);
  let s9 = v128.load(out, 144);
  let s10 = v128.load(out, 160);
  let s11 = v128.load(out, 176);
  let s12 = v128.load(out, 192);
  let s13 = v128.load(out, 208);
  let s14 = v128.load(out, 224);
  let s15 = v128.load(out, 240);
  for (; rows > 0; rows--, x += stride) {
    s0 = nextTerm(s0, v128.load(x), squared);
    s1 = nextTerm(s1, v128.load(x, 16), squared);
    s2 = nextTerm(s2, v128.load(x, 32), squared);
    s3 = nextTerm(s3, v128.load(x, 48), squared);
    s4 = nextTerm(s4, v128.load(x, 64), squared);
    s5 = nextTerm(s5, v128.load(x, 80), squared);
    s6 = nextTerm(s6, v128.load(x, 96), squared);
    s7 = nextTerm(s7, v128.load(x, 112), squared);
    s8 = nextTerm(s8, v128.load(x, 128), squared);
    s9 = nextTerm(s9, v128.load(x, 144), squared);
    s10 = nextTerm(s10, v128.load(x, 160), squared);
    s11 = nextTerm(s11, v128.load(x, 176), squared);
    s12 = nextTerm(s12, v128.load(x, 192), squared);
    s13 = nextTerm(s13, v128.load(x, 208), squared);
    s14 = nextTerm(s14, v128.load(x, 224), squared);
    s15 = nextTerm(s15, v128.load(x, 240), squared);
  }
  storePair(out, s0, s1);
  v128.store(out, s3, 48);
  v128.store(out, s2, 32);
  v128.store(out, s5, 80);
  v128.store(out, s4, 64);
  v128.store(out, s7, 112);
  v128.store(out, s6, 96);
  v128.store(out, s9, 144);
  v128.store(out, s8, 128);
  v128.store(out, s11, 176);
  v128.store(out, s10, 160);
  v128.store(out, s13, 208);
  v128.store(out, s12, 192);
  v128.store(out, s15, 240);
  v128.store(out, s14, 224);
}

/** 16 columns, i ascending. @inline */
function blockOf16(out: usize, x: usize, rows: usize, stride: usize, squared: bool): void {
  let s0 = v128.load(out);
  let s1 = v128.load(out, 16);
  let s2 = v128.load(out, 32);
  let s3 = v128.load(out, 48);
  for (; rows > 0; rows--, x += stride) {
    s0 = nextTerm(s0, v128.load(x), squared);
    s1 = nextTerm(s1, v128.load(x, 16), squared);
    s2 = nextTerm(s2, v128.load(x, 32), squared);
    s3 = nextTerm(s3, v128.load(x, 48), squared);
  }
  storePair(out, s0, s1);
  v128.store(out, s3, 48);
  v128.store(out, s2, 32);
}

/** Up to four columns, i ascending. @inline */
function blockOf4(out: usize, x: usize, n: usize, rows: usize, stride: usize, squared: bool): void {
  let sum = loadLanes(out, n);
  for (; rows > 0; rows--, x += stride) sum = nextTerm(sum, loadLanes(x, n), squared);
  storeLanes(out, sum, n);
}

/** The next `rows` terms of every column's chain, which stands in out. @inline */
function continueChains(
  out: usize,
  x: usize,
  rows: usize,
  columns: usize,
  stride: usize,
  squared: bool,
): void {
  for (; columns >= 64; columns -= 64, out += 256, x += 256) blockOf64(out, x, rows, stride, squared);
  for (; columns >= 16; columns -= 16, out += 64, x += 64) blockOf16(out, x, rows, stride, squared);
  for (; columns > 0; columns = afterLanes(columns), out += 16, x += 16) {
    blockOf4(out, x, columns, rows, stride, squared);
  }
}

/**
 * Rows that are gone through together. A large matrix is read in so many streams side by side, which the processor
 * fetches ahead; down whole columns each row would be a miss, and a page.
 */
const STRIP_ROWS: usize = 32;

/** One chain per column over ascending rows, from the old out. @inline */
function columnChains(out: usize, x: usize, rows: usize, columns: usize, ldx: usize, squared: bool): void {
  const stride = ldx << 2;
  for (let strip: usize = 0; rows > 0; rows -= strip, x += strip * stride) {
    strip = min(rows, STRIP_ROWS);
    continueChains(out, x, strip, columns, stride, squared);
  }
}

/** Chains begin at +0. @inline */
function clear(out: usize, n: usize): void {
  const zero = f32x4.splat(0.0);
  for (; n >= 8; n -= 8, out += 32) storePair(out, zero, zero);
  for (; n > 0; n = afterLanes(n), out += 16) storeLanes(out, zero, n);
}

export function columnSums(out: usize, x: usize, rows: usize, columns: usize, ldx: usize, beta: i32): void {
  if (beta === 0) clear(out, columns);
  columnChains(out, x, rows, columns, ldx, false);
}

export function squaredNorms(out: usize, x: usize, rows: usize, columns: usize, ldx: usize): void {
  clear(out, columns);
  columnChains(out, x, rows, columns, ldx, true);
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
