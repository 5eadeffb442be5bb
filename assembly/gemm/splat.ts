/**
 * The micro-kernel of arm64: a tile of 4 rows × 16 columns, whose 16 chains, a row of B, four vectors of A and a splat are
 * 25 of the 28 registers that V8 has there. A load that splats costs an addition of its address on arm64, a lane of a vector
 * does not, so A is loaded four at a time.
 */
import { madd } from "../madd";
import { COLUMNS, microTiles, storeRow } from "./micro";

/** Where four neighbours of A lie, as types: offsetof<AlongRow>() is 1, offsetof<AlongColumn>() is 0. */
class AlongColumn {}
class AlongRow {
  neighbours: u8 = 0;
}

/** All lanes of x hold its lane 0, 1, 2 or 3. @inline */
function splat0(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 0, 0, 0, 0);
}

/** @inline */
function splat1(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 1, 1, 1, 1);
}

/** @inline */
function splat2(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 2, 2, 2, 2);
}

/** @inline */
function splat3(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 3, 3, 3, 3);
}

/**
 * As micro for 4 rows, for whole fours of k. Along tells which elements of A are neighbours: those of a row, rows being
 * aStep apart, or those of a column, columns being aStep apart.
 */
// biome-ignore format: a line for each row of the tile
function splatted<Along>(
  c: usize, seed: usize, a: usize, b: usize, k: i32, panels: i32,
  cStep: usize, seedStep: usize, aStep: usize, bStep: usize, bPanel: usize,
): void {
  const along = offsetof<Along>() === 1;
  const seedPanel: usize = seedStep === 0 ? 0 : 4 * COLUMNS;
  const aFour: usize = along ? 16 : 4 * aStep;
  for (; panels > 0; panels--, c += 4 * COLUMNS, seed += seedPanel, b += bPanel) {
    const seed1 = seed + seedStep, seed2 = seed1 + seedStep, seed3 = seed2 + seedStep;
    let c00 = v128.load(seed), c01 = v128.load(seed, 16), c02 = v128.load(seed, 32), c03 = v128.load(seed, 48);
    let c10 = v128.load(seed1), c11 = v128.load(seed1, 16), c12 = v128.load(seed1, 32), c13 = v128.load(seed1, 48);
    let c20 = v128.load(seed2), c21 = v128.load(seed2, 16), c22 = v128.load(seed2, 32), c23 = v128.load(seed2, 48);
    let c30 = v128.load(seed3), c31 = v128.load(seed3, 16), c32 = v128.load(seed3, 32), c33 = v128.load(seed3, 48);
    let left = a, right = b;
    for (let p = k; p > 0; p -= 4, left += aFour) {
      const x0 = v128.load(left), x1 = v128.load(left + aStep);
      const x2 = v128.load(left + 2 * aStep), x3 = v128.load(left + 3 * aStep);
      let b0 = v128.load(right), b1 = v128.load(right, 16), b2 = v128.load(right, 32), b3 = v128.load(right, 48);
      let x = along ? splat0(x0) : splat0(x0);
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01); c02 = madd(x, b2, c02); c03 = madd(x, b3, c03);
      x = along ? splat0(x1) : splat1(x0);
      c10 = madd(x, b0, c10); c11 = madd(x, b1, c11); c12 = madd(x, b2, c12); c13 = madd(x, b3, c13);
      x = along ? splat0(x2) : splat2(x0);
      c20 = madd(x, b0, c20); c21 = madd(x, b1, c21); c22 = madd(x, b2, c22); c23 = madd(x, b3, c23);
      x = along ? splat0(x3) : splat3(x0);
      c30 = madd(x, b0, c30); c31 = madd(x, b1, c31); c32 = madd(x, b2, c32); c33 = madd(x, b3, c33);
      right += bStep;
      b0 = v128.load(right); b1 = v128.load(right, 16); b2 = v128.load(right, 32); b3 = v128.load(right, 48);
      x = along ? splat1(x0) : splat0(x1);
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01); c02 = madd(x, b2, c02); c03 = madd(x, b3, c03);
      x = along ? splat1(x1) : splat1(x1);
      c10 = madd(x, b0, c10); c11 = madd(x, b1, c11); c12 = madd(x, b2, c12); c13 = madd(x, b3, c13);
      x = along ? splat1(x2) : splat2(x1);
      c20 = madd(x, b0, c20); c21 = madd(x, b1, c21); c22 = madd(x, b2, c22); c23 = madd(x, b3, c23);
      x = along ? splat1(x3) : splat3(x1);
      c30 = madd(x, b0, c30); c31 = madd(x, b1, c31); c32 = madd(x, b2, c32); c33 = madd(x, b3, c33);
      right += bStep;
      b0 = v128.load(right); b1 = v128.load(right, 16); b2 = v128.load(right, 32); b3 = v128.load(right, 48);
      x = along ? splat2(x0) : splat0(x2);
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01); c02 = madd(x, b2, c02); c03 = madd(x, b3, c03);
      x = along ? splat2(x1) : splat1(x2);
      c10 = madd(x, b0, c10); c11 = madd(x, b1, c11); c12 = madd(x, b2, c12); c13 = madd(x, b3, c13);
      x = along ? splat2(x2) : splat2(x2);
      c20 = madd(x, b0, c20); c21 = madd(x, b1, c21); c22 = madd(x, b2, c22); c23 = madd(x, b3, c23);
      x = along ? splat2(x3) : splat3(x2);
      c30 = madd(x, b0, c30); c31 = madd(x, b1, c31); c32 = madd(x, b2, c32); c33 = madd(x, b3, c33);
      right += bStep;
      b0 = v128.load(right); b1 = v128.load(right, 16); b2 = v128.load(right, 32); b3 = v128.load(right, 48);
      x = along ? splat3(x0) : splat0(x3);
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01); c02 = madd(x, b2, c02); c03 = madd(x, b3, c03);
      x = along ? splat3(x1) : splat1(x3);
      c10 = madd(x, b0, c10); c11 = madd(x, b1, c11); c12 = madd(x, b2, c12); c13 = madd(x, b3, c13);
      x = along ? splat3(x2) : splat2(x3);
      c20 = madd(x, b0, c20); c21 = madd(x, b1, c21); c22 = madd(x, b2, c22); c23 = madd(x, b3, c23);
      x = along ? splat3(x3) : splat3(x3);
      c30 = madd(x, b0, c30); c31 = madd(x, b1, c31); c32 = madd(x, b2, c32); c33 = madd(x, b3, c33);
      right += bStep;
    }
    storeRow(c, c00, c01, c02, c03);
    storeRow(c + cStep, c10, c11, c12, c13);
    storeRow(c + 2 * cStep, c20, c21, c22, c23);
    storeRow(c + 3 * cStep, c30, c31, c32, c33);
  }
}

/** Tiles of four rows for engines that rather splat lanes: whole fours of k, then the rest, which continues the chains. */
export function fourRows(
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
): void {
  const fours = k & -4;
  if (aColumn === 4) splatted<AlongRow>(c, seed, a, b, fours, panels, cStep, seedStep, aRow, bStep, bPanel);
  else splatted<AlongColumn>(c, seed, a, b, fours, panels, cStep, seedStep, aColumn, bStep, bPanel);
  if (fours === k) return;
  a += <usize>fours * aColumn;
  b += <usize>fours * bStep;
  microTiles(4, c, c, a, b, k - fours, panels, cStep, cStep, aRow, aColumn, bStep, bPanel, 0, 0);
}
