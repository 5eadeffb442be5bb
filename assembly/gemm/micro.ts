/**
 * The micro-kernel: one tile of C, at most 6 rows of 16 columns, all of its chains in registers.
 * One source for every number of rows: `Rows` is a type, so that the compiler drops the rows that a tile lacks.
 * Shape and order suit V8's revectorizer: pairs of loads and stores off one pointer, the +16 half stored first.
 */
import { madd } from "../madd";

/** The columns of a tile, and a panel's width. */
export const COLUMNS: i32 = 16;
/** Bytes of a tile of 6 rows. */
export const TILE_BYTES: usize = 6 * COLUMNS * 4;

/** Numbers of rows as types: offsetof<RowsN>() is N. */
class Rows1 {
  row0: u8 = 0;
}
class Rows2 extends Rows1 {
  row1: u8 = 0;
}
class Rows3 extends Rows2 {
  row2: u8 = 0;
}
class Rows4 extends Rows3 {
  row3: u8 = 0;
}
class Rows5 extends Rows4 {
  row4: u8 = 0;
}
class Rows6 extends Rows5 {
  row5: u8 = 0;
}

/** Sixteen floats to `pointer`. @inline */
export function storeRow(pointer: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  v128.store(pointer, x1, 16);
  v128.store(pointer, x0);
  v128.store(pointer, x3, 48);
  v128.store(pointer, x2, 32);
}

/** Reads a line of each of `rows` rows and forgets it: WebAssembly has no other prefetch. @inline */
// biome-ignore format: a line for each row of the tile
function fetchLines<Rows>(line: usize, step: usize): void {
  const rows = offsetof<Rows>();
  load<u32>(line);
  if (rows > 1) { line += step; load<u32>(line); }
  if (rows > 2) { line += step; load<u32>(line); }
  if (rows > 3) { line += step; load<u32>(line); }
  if (rows > 4) { line += step; load<u32>(line); }
  if (rows > 5) { line += step; load<u32>(line); }
}

/**
 * A row of tiles: for each of `panels` panels, 16 columns after 16, C[rows,16] = seed[rows,16] + A[rows,k] · B[k,16].
 * Element (i,p) of A is at a + i·aRow + p·aColumn: rows or columns where they stand, or packed. Row p of a panel of B is
 * at b + p·bStep, and the next panel bPanel further; row i of C at c + i·cStep, row i of the seed at seed + i·seedStep
 * (bytes). The seed is C where chains go on, and a row of zeros with step 0 where they start. Of A and C only `rows`
 * rows are touched. A pointer for each row of A costs nothing: the adds run beside the multiply-adds.
 * With each tile, 64 bytes after 64, a line of each of `rows` rows at `next`, nextStep apart (0: none), is fetched: what
 * is wanted soon comes while the tile is computed.
 */
// biome-ignore format: a line for each row of the tile
function micro<Rows>(
  c: usize, seed: usize, a: usize, b: usize, k: i32, panels: i32,
  cStep: usize, seedStep: usize, aRow: usize, aColumn: usize, bStep: usize, bPanel: usize, next: usize, nextStep: usize,
): void {
  const rows = offsetof<Rows>();
  const seedPanel: usize = seedStep === 0 ? 0 : 4 * COLUMNS;
  for (; panels > 0; panels--, c += 4 * COLUMNS, seed += seedPanel, b += bPanel) {
    if (nextStep !== 0) {
      fetchLines<Rows>(next, nextStep);
      next += 4 * COLUMNS;
    }
    let from = seed;
    let c00 = v128.load(from), c01 = v128.load(from, 16), c02 = v128.load(from, 32), c03 = v128.load(from, 48);
    let c10 = c00, c11 = c01, c12 = c02, c13 = c03;
    let c20 = c00, c21 = c01, c22 = c02, c23 = c03;
    let c30 = c00, c31 = c01, c32 = c02, c33 = c03;
    let c40 = c00, c41 = c01, c42 = c02, c43 = c03;
    let c50 = c00, c51 = c01, c52 = c02, c53 = c03;
    if (rows > 1) {
      from += seedStep; c10 = v128.load(from); c11 = v128.load(from, 16); c12 = v128.load(from, 32); c13 = v128.load(from, 48);
    }
    if (rows > 2) {
      from += seedStep; c20 = v128.load(from); c21 = v128.load(from, 16); c22 = v128.load(from, 32); c23 = v128.load(from, 48);
    }
    if (rows > 3) {
      from += seedStep; c30 = v128.load(from); c31 = v128.load(from, 16); c32 = v128.load(from, 32); c33 = v128.load(from, 48);
    }
    if (rows > 4) {
      from += seedStep; c40 = v128.load(from); c41 = v128.load(from, 16); c42 = v128.load(from, 32); c43 = v128.load(from, 48);
    }
    if (rows > 5) {
      from += seedStep; c50 = v128.load(from); c51 = v128.load(from, 16); c52 = v128.load(from, 32); c53 = v128.load(from, 48);
    }
    let a0 = a, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow, a4 = a3 + aRow, a5 = a4 + aRow, right = b;
    for (let p = k; p > 0; p--, right += bStep) {
      const b0 = v128.load(right), b1 = v128.load(right, 16), b2 = v128.load(right, 32), b3 = v128.load(right, 48);
      let x = v128.load32_splat(a0); a0 += aColumn;
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01); c02 = madd(x, b2, c02); c03 = madd(x, b3, c03);
      if (rows > 1) {
        x = v128.load32_splat(a1); a1 += aColumn;
        c10 = madd(x, b0, c10); c11 = madd(x, b1, c11); c12 = madd(x, b2, c12); c13 = madd(x, b3, c13);
      }
      if (rows > 2) {
        x = v128.load32_splat(a2); a2 += aColumn;
        c20 = madd(x, b0, c20); c21 = madd(x, b1, c21); c22 = madd(x, b2, c22); c23 = madd(x, b3, c23);
      }
      if (rows > 3) {
        x = v128.load32_splat(a3); a3 += aColumn;
        c30 = madd(x, b0, c30); c31 = madd(x, b1, c31); c32 = madd(x, b2, c32); c33 = madd(x, b3, c33);
      }
      if (rows > 4) {
        x = v128.load32_splat(a4); a4 += aColumn;
        c40 = madd(x, b0, c40); c41 = madd(x, b1, c41); c42 = madd(x, b2, c42); c43 = madd(x, b3, c43);
      }
      if (rows > 5) {
        x = v128.load32_splat(a5); a5 += aColumn;
        c50 = madd(x, b0, c50); c51 = madd(x, b1, c51); c52 = madd(x, b2, c52); c53 = madd(x, b3, c53);
      }
    }
    storeRow(c, c00, c01, c02, c03);
    if (rows > 1) storeRow(c + cStep, c10, c11, c12, c13);
    if (rows > 2) storeRow(c + 2 * cStep, c20, c21, c22, c23);
    if (rows > 3) storeRow(c + 3 * cStep, c30, c31, c32, c33);
    if (rows > 4) storeRow(c + 4 * cStep, c40, c41, c42, c43);
    if (rows > 5) storeRow(c + 5 * cStep, c50, c51, c52, c53);
  }
}

/** A row of tiles of 1 … 6 rows: see micro. */
export function microTiles(
  rows: i32,
  c: usize,
  seed: usize,
  a: usize,
  b: usize,
  k: i32,
  panels: i32,
  cStep: usize,
  seedStep: usize,
  aRow: usize,
  aColumn: usize,
  bStep: usize,
  bPanel: usize,
  next: usize,
  nextStep: usize,
): void {
  if (rows === 6)
    micro<Rows6>(c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
  else if (rows === 5)
    micro<Rows5>(c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
  else if (rows === 4)
    micro<Rows4>(c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
  else if (rows === 3)
    micro<Rows3>(c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
  else if (rows === 2)
    micro<Rows2>(c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
  else micro<Rows1>(c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
}
