/** Samples by number: rows of bytes as floats, and their labels. */
import { madd } from "./madd";

/**
 * b/255 for bytes in i32 lanes: b·(257/65536) is exact, and the remaining b·(1/255 − 257/65536) is so small that the
 * sum is the quotient correctly rounded, for each of the 256 bytes (a test goes through them).
 * @inline
 */
function fractionVector(bytes: v128): v128 {
  const b = f32x4.convert_i32x4_s(bytes);
  return madd(b, f32x4.splat(0.0039215087890625), f32x4.mul(b, f32x4.splat(5.9838389962e-8)));
}

/** Rows that are fetched before they are converted: 25 KB of MNIST's, half a first-level cache. */
const FETCHED_ROWS: usize = 32;
const LINE_BYTES: usize = 64;

/**
 * Reads a byte of every cache line of `rows` rows. Rows lie anywhere in the data set, so each line is a miss; read one after
 * the other, with nothing that waits for them, many are under way at once. Returns a word of no meaning, lest it be dropped.
 */
function fetchRows(bytes: usize, order: usize, rows: usize, width: usize): i32 {
  let all: i32 = 0;
  for (; rows > 0; rows--, order += 4) {
    const row = bytes + usize(load<u32>(order)) * width;
    for (let at: usize = 0; at < width; at += LINE_BYTES) all |= load<u8>(row + at);
  }
  return all;
}

export function gatherBytes(out: usize, bytes: usize, order: usize, rows: usize, width: usize): void {
  for (let left = rows; left > 0; ) {
    const group = min(left, FETCHED_ROWS);
    if (width > 0) store<i32>(out, fetchRows(bytes, order, group, width));
    convertRows(out, bytes, order, group, width);
    left -= group;
    order += 4 * group;
    out += 4 * group * width;
  }
}

function convertRows(out: usize, bytes: usize, order: usize, rows: usize, width: usize): void {
  for (; rows > 0; rows--, order += 4) {
    let row = bytes + usize(load<u32>(order)) * width;
    let n = width;
    for (; n >= 8; n -= 8, row += 8, out += 32) {
      const eight = v128.load8x8_u(row);
      const high = fractionVector(i32x4.extend_high_i16x8_u(eight));
      const low = fractionVector(i32x4.extend_low_i16x8_u(eight));
      v128.store(out, high, 16);
      v128.store(out, low);
    }
    for (; n > 0; n--, row++, out += 4) {
      v128.store32_lane(out, fractionVector(i32x4.splat(load<u8>(row))), 0);
    }
  }
}

export function gatherLabels(out: usize, labels: usize, order: usize, rows: usize): void {
  for (; rows > 0; rows--, order += 4, out += 4) store<i32>(out, load<u8>(labels + usize(load<u32>(order))));
}
