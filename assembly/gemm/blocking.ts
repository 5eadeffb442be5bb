/** How the loops are cut, and where a rank's scratch holds what: sizes that never change bits. */
import { COLUMNS, TILE_BYTES } from "./micro";
import { PANEL_STEP } from "./pack";

/**
 * A block of B of so many k and columns, packed, takes half of a second-level cache of 1 MiB; six rows of A of that length
 * and a panel of B together fit a first-level cache of 32 KiB.
 */
const K_BLOCK: i32 = 256;
const COLUMN_BLOCK: i32 = 512;
/** Rows of a transposed A that are packed at a time: they are read once for each block of columns, from whatever cache. */
const ROW_BLOCK: i32 = 1024;

/** ⌈total / ⌈total / most⌉⌉: parts of at most `most` and nearly equal size. */
export function evenPart(total: i32, most: i32): i32 {
  if (total <= most) return total;
  const parts = (total + most - 1) / most;
  return (total + parts - 1) / parts;
}

export function roundUp(value: i32, multiple: i32): i32 {
  return (value + multiple - 1) & -multiple;
}

/** The length of a block of k; the last may be shorter. */
export function kBlock(k: i32): i32 {
  return evenPart(k, K_BLOCK);
}

/** The width of a block of columns, in whole panels; the last may be narrower. */
export function columnBlock(n: i32): i32 {
  return roundUp(evenPart(n, COLUMN_BLOCK), COLUMNS);
}

/** The height of a block of packed rows; the last may be lower. */
export function rowBlock(m: i32): i32 {
  return evenPart(m, ROW_BLOCK);
}

/** Panels for so many columns. */
export function panelCount(columns: i32): i32 {
  return (columns + COLUMNS - 1) / COLUMNS;
}

/** A row of zeros, where chains start. */
export const ZEROS: usize = 0;
/** One tile, for the edge. */
export const EDGE: usize = 4 * COLUMNS;
/** Packed panels of a block of B, and after them the packed strips of a block of A. */
export const PANELS: usize = EDGE + TILE_BYTES;

/** A panel has room for a line more than it needs: panels of a long block would else share the same few sets of the caches. */
export function panelBytes(depth: i32): usize {
  return <usize>(depth + 1) * PANEL_STEP;
}

/** Reversed: rows of C that are one block of columns of its transpose, and k that are packed at a time … */
export const REVERSED_COLUMNS: i32 = 256;
export const REVERSED_DEPTH: i32 = 2048;
/** … where C has more than one group of columns: one group uses a panel too seldom to have it come from afar. */
export function reversedDepth(n: i32, k: i32): i32 {
  return evenPart(k, n > REVERSED_GROUP ? REVERSED_DEPTH : REVERSED_DEPTH / 2);
}
/** Columns of C that are finished before they are written: three cache lines of each of its rows. */
export const REVERSED_GROUP: i32 = 48;

/** Reversed: after the zeros the buffer, and after it the packed panels. */
export const BUFFER: usize = 4 * COLUMNS;

/** Bytes between rows of the buffer: a line more than they need, so that they are spread over the caches' sets. */
export function bufferStep(columns: i32): usize {
  return <usize>(4 * (roundUp(columns, COLUMNS) + COLUMNS));
}

export function reversedPanelsOffset(columns: i32): usize {
  return BUFFER + REVERSED_GROUP * bufferStep(columns);
}

function reversedBytes(m: i32, k: i32): usize {
  const columns = min(m, REVERSED_COLUMNS);
  const depth = min(k, REVERSED_DEPTH);
  const blocks = (depth + K_BLOCK - 1) / K_BLOCK;
  return reversedPanelsOffset(columns) + <usize>panelCount(columns) * <usize>(depth + blocks) * PANEL_STEP;
}

export function stripsOffset(width: i32, depth: i32): usize {
  return PANELS + <usize>panelCount(width) * panelBytes(depth);
}

function straightBytes(m: i32, n: i32, k: i32): usize {
  const depth = min(k, K_BLOCK);
  return stripsOffset(min(n, COLUMN_BLOCK), depth) + 4 * <usize>min(m, ROW_BLOCK) * <usize>depth;
}

export function gemmScratchBytes(m: i32, n: i32, k: i32): i32 {
  return <i32>((max(straightBytes(m, n, k), reversedBytes(m, k)) + 63) & -64);
}
