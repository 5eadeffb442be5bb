/** A tile of fewer than 16 columns, computed whole beside C and copied in, so that nothing beside C is touched. */
import { loadLanes, storeLanes } from "../lanes";
import { COLUMNS } from "./micro";
import { tiles } from "./tiles";

/** Copies rows of 1 … 15 floats; the floats of `to` above them keep their values. */
function copyRows(to: usize, from: usize, rows: i32, columns: i32, toStep: usize, fromStep: usize): void {
  for (; rows > 0; rows--, to += toStep, from += fromStep) {
    for (let j = 0; j < columns; j += 4) {
      storeLanes(to + 4 * j, loadLanes(from + 4 * j, columns - j), columns - j);
    }
  }
}

/** `tiles` for 1 … 15 columns of C, by way of a whole tile at `buffer`. */
export function edgeTile(
  rows: i32,
  columns: i32,
  c: usize,
  seed: usize,
  a: usize,
  b: usize,
  k: i32,
  cStep: usize,
  seedStep: usize,
  aRow: usize,
  aColumn: usize,
  bStep: usize,
  buffer: usize,
): void {
  const bufferStep: usize = 4 * COLUMNS;
  if (seedStep !== 0) {
    copyRows(buffer, seed, rows, columns, bufferStep, seedStep);
    seed = buffer;
    seedStep = bufferStep;
  }
  tiles(rows, buffer, seed, a, b, k, 1, bufferStep, seedStep, aRow, aColumn, bStep, 0, 0, 0);
  copyRows(c, buffer, rows, columns, cStep, bufferStep);
}
