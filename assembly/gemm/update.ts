/** The gradient of a layer's weights, xᵀ·dy, and their update in one pass: some rows at a time, which never leave the cache. */
import { adam, momentum, sgd } from "../optimizer";
import { gemmScratchBytes } from "./blocking";
import { gemmTN } from "./gemm";

/** Rows of the gradient that are made before they are used: whole tiles, whole cache lines of x, … */
const MOST_ROWS: i32 = 48;
/** … and at most so many floats, if a tile's rows are not more. */
const MOST_FLOATS: i32 = 8192;
const TILE_ROWS: i32 = 6;

function rowsAtOnce(n: i32): i32 {
  return min(MOST_ROWS, max(1, MOST_FLOATS / TILE_ROWS / n) * TILE_ROWS);
}

/** Scratch that the updates need: what gemm needs, then the rows of the gradient. */
export function updateScratchBytes(m: i32, n: i32, k: i32): i32 {
  return gemmScratchBytes(m, n, k) + ((4 * rowsAtOnce(max(n, 1)) * n + 63) & -64);
}

// biome-ignore format: the three differ in one line
export function gemmTNSgd(
  w: usize, x: usize, dy: usize, hyper: usize,
  m: i32, n: i32, k: i32, ldx: i32, ldy: i32, scratch: usize,
): void {
  const most = rowsAtOnce(max(n, 1));
  const g = scratch + gemmScratchBytes(m, n, k);
  for (; m > 0; m -= most, x += 4 * most) {
    const rows = min(m, most);
    gemmTN(g, x, dy, 0, rows, n, k, n, ldx, ldy, 0, 0, scratch);
    sgd(w, g, hyper, rows * n);
    w += 4 * rows * n;
  }
}

// biome-ignore format: the three differ in one line
export function gemmTNMomentum(
  w: usize, v: usize, x: usize, dy: usize, hyper: usize,
  m: i32, n: i32, k: i32, ldx: i32, ldy: i32, scratch: usize,
): void {
  const most = rowsAtOnce(max(n, 1));
  const g = scratch + gemmScratchBytes(m, n, k);
  for (; m > 0; m -= most, x += 4 * most) {
    const rows = min(m, most);
    gemmTN(g, x, dy, 0, rows, n, k, n, ldx, ldy, 0, 0, scratch);
    momentum(w, v, g, hyper, rows * n);
    w += 4 * rows * n;
    v += 4 * rows * n;
  }
}

// biome-ignore format: the three differ in one line
export function gemmTNAdam(
  w: usize, mean: usize, variance: usize, x: usize, dy: usize, hyper: usize,
  m: i32, n: i32, k: i32, ldx: i32, ldy: i32, scratch: usize,
): void {
  const most = rowsAtOnce(max(n, 1));
  const g = scratch + gemmScratchBytes(m, n, k);
  for (; m > 0; m -= most, x += 4 * most) {
    const rows = min(m, most);
    gemmTN(g, x, dy, 0, rows, n, k, n, ldx, ldy, 0, 0, scratch);
    adam(w, mean, variance, g, hyper, rows * n);
    w += 4 * rows * n;
    mean += 4 * rows * n;
    variance += 4 * rows * n;
  }
}
