/** Sums along the rows of a matrix, each in four fixed lanes, element j in lane j mod 4 (NUMERICS §1.5). */
import { afterLanes, loadLanes, sumOfLanes } from "./lanes";

/** Eight rows at once: so many chains hide the latency of an addition, so many streams that of the memory. @inline */
function sumsOfEightRows(out: usize, x: usize, columns: usize, stride: usize): void {
  let s0 = f32x4.splat(0.0);
  let s1 = f32x4.splat(0.0);
  let s2 = f32x4.splat(0.0);
  let s3 = f32x4.splat(0.0);
  let s4 = f32x4.splat(0.0);
  let s5 = f32x4.splat(0.0);
  let s6 = f32x4.splat(0.0);
  let s7 = f32x4.splat(0.0);
  let x1 = x + stride;
  let x2 = x1 + stride;
  let x3 = x2 + stride;
  let x4 = x3 + stride;
  let x5 = x4 + stride;
  let x6 = x5 + stride;
  let x7 = x6 + stride;
  for (
    ;
    columns >= 4;
    columns -= 4, x += 16, x1 += 16, x2 += 16, x3 += 16, x4 += 16, x5 += 16, x6 += 16, x7 += 16
  ) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x1));
    s2 = f32x4.add(s2, v128.load(x2));
    s3 = f32x4.add(s3, v128.load(x3));
    s4 = f32x4.add(s4, v128.load(x4));
    s5 = f32x4.add(s5, v128.load(x5));
    s6 = f32x4.add(s6, v128.load(x6));
    s7 = f32x4.add(s7, v128.load(x7));
  }
  if (columns > 0) {
    s0 = f32x4.add(s0, loadLanes(x, columns));
    s1 = f32x4.add(s1, loadLanes(x1, columns));
    s2 = f32x4.add(s2, loadLanes(x2, columns));
    s3 = f32x4.add(s3, loadLanes(x3, columns));
    s4 = f32x4.add(s4, loadLanes(x4, columns));
    s5 = f32x4.add(s5, loadLanes(x5, columns));
    s6 = f32x4.add(s6, loadLanes(x6, columns));
    s7 = f32x4.add(s7, loadLanes(x7, columns));
  }
  store<f32>(out, sumOfLanes(s0), 0);
  store<f32>(out, sumOfLanes(s1), 4);
  store<f32>(out, sumOfLanes(s2), 8);
  store<f32>(out, sumOfLanes(s3), 12);
  store<f32>(out, sumOfLanes(s4), 16);
  store<f32>(out, sumOfLanes(s5), 20);
  store<f32>(out, sumOfLanes(s6), 24);
  store<f32>(out, sumOfLanes(s7), 28);
}

/** The sum of one row. @inline */
function sumOfRow(x: usize, columns: usize): f32 {
  let sum = f32x4.splat(0.0);
  for (; columns > 0; columns = afterLanes(columns), x += 16) sum = f32x4.add(sum, loadLanes(x, columns));
  return sumOfLanes(sum);
}

export function rowSums(out: usize, x: usize, rows: usize, columns: usize, ldx: usize): void {
  const stride = ldx << 2;
  for (; rows >= 8; rows -= 8, out += 32, x += 8 * stride) sumsOfEightRows(out, x, columns, stride);
  for (; rows > 0; rows--, out += 4, x += stride) store<f32>(out, sumOfRow(x, columns));
}
