/** Twins of the sums down the columns and along the rows: one sum after the other, one element after the other. */
import { madd } from "../madd";

export function columnSums(out: usize, x: usize, rows: usize, columns: usize, ldx: usize, beta: i32): void {
  for (let j: usize = 0; j < columns; j++) {
    let sum: f32 = beta !== 0 ? load<f32>(out + (j << 2)) : 0;
    for (let i: usize = 0; i < rows; i++) sum += load<f32>(x + ((i * ldx + j) << 2));
    store<f32>(out + (j << 2), sum);
  }
}

export function squaredNorms(out: usize, x: usize, rows: usize, columns: usize, ldx: usize): void {
  for (let j: usize = 0; j < columns; j++) {
    let sum = f32x4.splat(0.0);
    for (let i: usize = 0; i < rows; i++) {
      const value = v128.load32_splat(x + ((i * ldx + j) << 2));
      sum = madd(value, value, sum);
    }
    store<f32>(out + (j << 2), f32x4.extract_lane(sum, 0));
  }
}

/** The sum of the row's elements j ≡ lane mod 4, ascending from +0. */
function laneSum(row: usize, lane: usize, columns: usize): f32 {
  let sum: f32 = 0;
  for (let j = lane; j < columns; j += 4) sum += load<f32>(row + (j << 2));
  return sum;
}

export function rowSums(out: usize, x: usize, rows: usize, columns: usize, ldx: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    const row = x + ((i * ldx) << 2);
    const even = laneSum(row, 0, columns) + laneSum(row, 1, columns);
    store<f32>(out + (i << 2), even + (laneSum(row, 2, columns) + laneSum(row, 3, columns)));
  }
}
