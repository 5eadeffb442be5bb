/**
 * A matrix whose columns the ranks own, stored with each rank's columns apart, row after row:
 *
 *     logical   a b │ c d      stored   a b e f i j │ c d g h k l
 *               e f │ g h
 *               i j │ k l
 */
import type { Slice } from "../graph/tensor.ts";

/**
 * Between what neighbouring ranks write lie so many bytes, since a core that reads up to the end of its own fetches some more:
 * it would take lines from the other core, again and again.
 */
export const RANK_GAP_BYTES = 8192;

/** Bytes from the beginning of a matrix of f32 with so many rows to the columns of rank `owner`, which begin with `first`. */
export const columnsOffset = (first: number, rows: number, owner: number): number =>
  4 * first * rows + RANK_GAP_BYTES * owner;

/** By name of a parameter: the columns of every rank. A parameter that is not in it is stored row after row. */
export type ColumnSlices = ReadonlyMap<string, readonly Slice[]>;

/** Calls `visit` for each run of columns of each row, with its places in the logical and in the stored matrix. */
export function visitRuns(
  rows: number,
  columns: number,
  slices: readonly Slice[],
  visit: (logical: number, stored: number, count: number) => void,
): void {
  for (const [owner, { first, count }] of slices.entries())
    if (count > 0)
      for (let row = 0; row < rows; row++)
        visit(row * columns + first, columnsOffset(first, rows, owner) / 4 + row * count, count);
}

/** The stored matrix, row after row. */
export function toLogical(
  stored: Float32Array,
  rows: number,
  columns: number,
  slices: readonly Slice[],
): Float32Array<ArrayBuffer> {
  const matrix = new Float32Array(rows * columns);
  visitRuns(rows, columns, slices, (logical, from, count) =>
    matrix.set(stored.subarray(from, from + count), logical),
  );
  return matrix;
}

/** Stores a matrix that is given row after row. */
export function toStored(
  stored: Float32Array,
  matrix: Float32Array,
  rows: number,
  columns: number,
  slices: readonly Slice[],
): void {
  visitRuns(rows, columns, slices, (logical, to, count) =>
    stored.set(matrix.subarray(logical, logical + count), to),
  );
}
