/** What is read where it stands, what is packed, and which way round: estimates by measured costs, which never change bits. */
import { panelCount } from "./blocking";
import { tileRows } from "./engine";
import { COLUMNS } from "./micro";
import { stripCount, stripHeight } from "./strips";

/** Rows are read where they stand by up to so many others, if there are no more of them than a large cache holds … */
const DIRECT_USES: i32 = 128;
const CACHED_ELEMENTS: i32 = 1 << 21;
/** … or by so few in any case. */
const FEW_USES: i32 = 4;

/**
 * Whether rows so many bytes apart fall into so few sets of the caches that a panel of them does not stay there: 256 lines
 * that are multiples of 4096 bytes apart share 16 of 1024 sets, of 16 lines each, of a second-level cache of 1 MiB.
 */
function collides(stride: usize): bool {
  return (stride & 4095) === 0;
}

/** Whether the right factor of a product, [depth,width], is read where it stands, for `uses` rows of the left one. */
export function readsRows(uses: i32, width: i32, depth: i32, stride: usize): bool {
  if (collides(stride)) return false;
  return uses <= FEW_USES || (uses <= DIRECT_USES && depth <= CACHED_ELEMENTS / width);
}

/** What a second-level cache of 1 MiB holds. */
const NEAR_ELEMENTS: i32 = 1 << 18;

/** Whether a matrix is so large that its lines are fetched before they are used: see micro. Smaller ones it would slow down. */
export function fetchesAhead(rows: i32, columns: i32): bool {
  return rows > NEAR_ELEMENTS / columns;
}

/** Columns are read where they stand in sums up to this long, or by up to so many others. */
const DIRECT_DEPTH: i32 = 128;
const DIRECT_WIDTH: i32 = 256;

/** Whether the left factor, stored as [depth,…], is read where it stands, for `width` columns of the right one. */
export function readsColumns(width: i32, depth: i32, stride: usize): bool {
  return !collides(stride) && (depth <= DIRECT_DEPTH || width <= DIRECT_WIDTH);
}

/** In multiply-adds of a full tile: to pack an element of a row, of a row that becomes a column, of a strip … */
const PACK_ROW: f64 = 4;
const PACK_COLUMN: f64 = 5;
const PACK_STRIP: f64 = 7;
/** … to copy one that stands in a tile at the edge (for each of 16), and to turn one of a reversed product. */
const COPY_EDGE: f64 = 192;
const TURN: f64 = 10;
/** Reversed products read more from beyond the second-level cache. */
const REVERSED: f64 = 1.01;

/** Multiply-adds with one column: a tile of too few rows has too few chains to hide a multiply-add's latency. */
function timeOfRows(rows: i32): f64 {
  return <f64>stripCount(rows) * <f64>max(stripHeight(rows), min(tileRows, 4));
}

/** The time of right factors' panels: their columns, whole panels of them. */
function timeOfColumns(columns: i32): f64 {
  return <f64>(COLUMNS * panelCount(columns));
}

/** Rows of B are read as columns, a few bytes of each cache line: never for more columns of C. */
const FEW_COLUMNS: i32 = 64;

/** Whether Cᵀ = Bᵀ·Aᵀ takes less time than C = A·B; see straight and reversed. */
export function reverses(
  transposedA: bool,
  transposedB: bool,
  m: i32,
  n: i32,
  k: i32,
  aStride: usize,
  bStride: usize,
): bool {
  if (!transposedB && (n > FEW_COLUMNS || collides(bStride))) return false;
  // Every time is divided by k.
  const across = timeOfColumns(n);
  let straight = timeOfRows(m) * across;
  if (transposedB) straight += PACK_COLUMN * across;
  else if (!readsRows(m, n, k, bStride)) straight += PACK_ROW * across;
  if (transposedA && !readsColumns(n, k, aStride)) straight += PACK_STRIP * <f64>m;
  if (n % COLUMNS !== 0) straight += (COPY_EDGE * <f64>m) / <f64>k;

  const down = timeOfColumns(m);
  let reversed = REVERSED * timeOfRows(n) * down;
  if (!transposedA) reversed += PACK_COLUMN * down;
  else if (!readsRows(n, m, k, aStride)) reversed += PACK_ROW * down;
  reversed += (TURN * <f64>m * <f64>n) / <f64>k;
  return reversed < straight;
}
