/** How the loops are cut, and where a rank's scratch holds what: sizes that never change bits. */
import { COLUMNS, TILE_BYTES } from "./micro";
import { PANEL_STEP, STRIP_STEP } from "./pack";

/** The longest run of k and of columns whose packed block of B stays in the second-level cache. */
const K_BLOCK: i32 = 384;
const COLUMN_BLOCK: i32 = 512;

/** ⌈total / ⌈total / most⌉⌉: parts of at most `most` and nearly equal size. */
export function evenPart(total: i32, most: i32): i32 {
  if (total <= most) return total;
  const parts = (total + most - 1) / most;
  return (total + parts - 1) / parts;
}

function roundUp(value: i32, multiple: i32): i32 {
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

/** A row of zeros, where chains start. */
export const ZEROS: usize = 0;
/** One tile, for the edge. */
export const EDGE: usize = 4 * COLUMNS;
/** A group of packed strips of A, and after it the packed block of B. */
export const STRIPS: usize = EDGE + TILE_BYTES;
/** Strips that are packed together: neighbours in the cache lines of a transposed A. */
export const STRIP_GROUP: i32 = 8;

export function stripBytes(depth: i32): usize {
  return roundUp(depth, 4) * STRIP_STEP;
}

export function panelBytes(depth: i32): usize {
  return roundUp(depth, 4) * PANEL_STEP;
}

export function panelsOffset(depth: i32): usize {
  return (STRIPS + STRIP_GROUP * stripBytes(depth) + 63) & -64;
}

export function gemmScratchBytes(_m: i32, n: i32, k: i32): i32 {
  const depth = min(k, K_BLOCK);
  const width = min(roundUp(n, COLUMNS), COLUMN_BLOCK);
  return <i32>(panelsOffset(depth) + (width / COLUMNS) * panelBytes(depth));
}
