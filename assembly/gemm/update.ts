/**
 * The gradient of a layer's weights, xᵀ·dy, and their update in one pass: a block of it at a time, which
 * never leaves the cache.
 */
import { adam, momentum, sgd } from "../optimizer";
import { packBlock, packStrips } from "./block";
import { evenPart, PANELS, panelBytes, roundUp, ZEROS } from "./blocking";
import { fetchesAhead, readsColumns, readsRows } from "./choose";
import { COLUMNS } from "./micro";
import { multiplyBlock } from "./multiply";
import { PANEL_STEP } from "./pack";

/** Rows of the gradient that are made before they are used: whole tiles, whole cache lines of x. */
const ROWS: i32 = 48;
/** A block of dy, over all samples, takes half of a second-level cache of 1 MiB, and a row of it stays in the first-level one. */
const BLOCK_FLOATS: i32 = 1 << 17;
const COLUMN_BLOCK: i32 = 512;

/** The width of a block of columns, in whole panels; the last may be narrower. */
function blockColumns(n: i32, k: i32): i32 {
  const most = min(COLUMN_BLOCK, BLOCK_FLOATS / max(k, 1)) & -COLUMNS;
  return roundUp(evenPart(n, max(most, COLUMNS)), COLUMNS);
}

/** Bytes for the panels of any block; not less for larger n or k. */
function panelsBytes(n: i32, k: i32): usize {
  const depth = <i64>k + 1;
  const whole = (<i64>n + COLUMNS) * depth;
  return <usize>(4 * max(COLUMNS * depth, min(whole, <i64>(BLOCK_FLOATS + COLUMN_BLOCK))));
}

/** After the panels the packed strips of x, after them the rows of the gradient. */
function rowsOffset(n: i32, k: i32): usize {
  return PANELS + panelsBytes(n, k) + 4 * ROWS * <usize>k;
}

/** Scratch bytes that the updates need. */
export function updateScratchBytes(_m: i32, n: i32, k: i32): i32 {
  const columns = min(n, COLUMN_BLOCK) + COLUMNS;
  return <i32>((rowsOffset(n, k) + 4 * ROWS * columns + 63) & -64);
}

/** The optimizers by number: how many states they keep. */
const SGD: i32 = 0;
const MOMENTUM: i32 = 1;
const ADAM: i32 = 2;

/** One piece of w and of its states, n floats. */
function update(optimizer: i32, w: usize, first: usize, second: usize, g: usize, hyper: usize, n: i32): void {
  if (optimizer === SGD) sgd(w, g, hyper, n);
  else if (optimizer === MOMENTUM) momentum(w, first, g, hyper, n);
  else adam(w, first, second, g, hyper, n);
}

/**
 * w[m,n] and its states, each in one piece, by the gradient xᵀ·dy, x stored [k,m], dy [k,n], strides in bytes. A block of w is
 * fetched while its gradient is made.
 */
function updateByProduct(
  optimizer: i32,
  w: usize,
  first: usize,
  second: usize,
  x: usize,
  dy: usize,
  hyper: usize,
  m: i32,
  n: i32,
  k: i32,
  xStride: usize,
  dyStride: usize,
  scratch: usize,
): void {
  if (m <= 0 || n <= 0) return;
  for (let i: usize = 0; i < PANEL_STEP; i += 16) v128.store(scratch + ZEROS + i, f32x4.splat(0));
  const most = blockColumns(n, k);
  const directB = readsRows(m, n, k, dyStride);
  const packed = !readsColumns(n, k, xStride);
  const ahead = fetchesAhead(m, n);
  const panels = scratch + PANELS;
  const strips = panels + panelsBytes(n, k);
  const g = scratch + rowsOffset(n, k);
  for (let j = 0; j < n; j += most) {
    const columns = min(n - j, most);
    const block = dy + 4 * j;
    packBlock(panels, block, columns, k, dyStride, false, directB);
    const edge = panels + <usize>(columns / COLUMNS) * panelBytes(k);
    for (let i = 0; i < m; i += ROWS) {
      const rows = min(m - i, ROWS);
      if (packed) packStrips(strips, x + 4 * i, rows, k, xStride);
      multiplyBlock(
        g,
        packed ? strips : x + 4 * i,
        directB ? block : panels,
        edge,
        0,
        rows,
        columns,
        k,
        4 * columns,
        4,
        xStride,
        packed,
        directB ? dyStride : PANEL_STEP,
        directB ? PANEL_STEP : panelBytes(k),
        false,
        0,
        scratch,
        w + 4 * (<usize>i * <usize>n + <usize>j),
        4 * <usize>n,
        ahead ? rows : 0,
      );
      // Rows that are whole lie in one piece.
      const piece = columns === n ? rows * n : columns;
      for (let done = 0; done < rows * columns; done += piece) {
        const at = 4 * (<usize>(i + done / columns) * <usize>n + <usize>j);
        update(optimizer, w + at, first + at, second + at, g + 4 * done, hyper, piece);
      }
    }
  }
}

// biome-ignore format: the three differ in their states
export function gemmTNSgd(
  w: usize, x: usize, dy: usize, hyper: usize,
  m: i32, n: i32, k: i32, ldx: i32, ldy: i32, scratch: usize,
): void {
  updateByProduct(SGD, w, 0, 0, x, dy, hyper, m, n, k, 4 * <usize>ldx, 4 * <usize>ldy, scratch);
}

// biome-ignore format: the three differ in their states
export function gemmTNMomentum(
  w: usize, v: usize, x: usize, dy: usize, hyper: usize,
  m: i32, n: i32, k: i32, ldx: i32, ldy: i32, scratch: usize,
): void {
  updateByProduct(MOMENTUM, w, v, 0, x, dy, hyper, m, n, k, 4 * <usize>ldx, 4 * <usize>ldy, scratch);
}

// biome-ignore format: the three differ in their states
export function gemmTNAdam(
  w: usize, mean: usize, variance: usize, x: usize, dy: usize, hyper: usize,
  m: i32, n: i32, k: i32, ldx: i32, ldy: i32, scratch: usize,
): void {
  updateByProduct(ADAM, w, mean, variance, x, dy, hyper, m, n, k, 4 * <usize>ldx, 4 * <usize>ldy, scratch);
}
