/** A row of tiles by the micro-kernel that suits the engine. */
import { tileSplats } from "./engine";
import { microTiles } from "./micro";
import { fourRows } from "./splat";

/** A row of tiles of 1 … 6 rows: see micro. */
export function tiles(
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
  if (tileSplats && rows === 4) {
    fourRows(c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel);
  } else {
    microTiles(rows, c, seed, a, b, k, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
  }
}
