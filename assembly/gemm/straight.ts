/** C row by row: strips of A times panels of B, one block of k, of rows and of columns at a time. */
import { packBlock, packStrips } from "./block";
import { columnBlock, kBlock, PANELS, panelBytes, rowBlock, stripsOffset } from "./blocking";
import { fetchesAhead, readsColumns, readsRows } from "./choose";
import { operandAt } from "./epilogue";
import { COLUMNS } from "./micro";
import { multiplyBlock } from "./multiply";
import { PANEL_STEP } from "./pack";

/**
 * C = epilogue(A·B (+ C)), strides in bytes. Element (i,p) of A is at a + i·aRow + p·aColumn, where one of the
 * two is 4; B is [k,n], or transposed [n,k]. C holds the chains between blocks of k. The next block of a large B is fetched
 * while one is multiplied, unless it is narrower.
 */
export function straight(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
  m: i32,
  n: i32,
  k: i32,
  cStep: usize,
  aRow: usize,
  aColumn: usize,
  bStride: usize,
  transposedB: bool,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  const directB = !transposedB && readsRows(m, n, k, bStride);
  const ahead = !transposedB && !directB && fetchesAhead(k, n);
  const packed = aColumn !== 4 && !readsColumns(n, k, aColumn);
  const depthMost = kBlock(k);
  const columnsMost = columnBlock(n);
  const rowsMost = packed ? rowBlock(m) : m;
  const panels = scratch + PANELS;
  const strips = scratch + stripsOffset(columnsMost, depthMost);
  let p = 0;
  do {
    const depth = min(k - p, depthMost);
    const last = p + depth >= k;
    for (let i = 0; i < m; i += rowsMost) {
      const rows = min(m - i, rowsMost);
      const aBlock = a + <usize>i * aRow + <usize>p * aColumn;
      if (packed) packStrips(strips, aBlock, rows, depth, aColumn);
      for (let j = 0; j < n; j += columnsMost) {
        const columns = min(n - j, columnsMost);
        const bBlock = b + (transposedB ? <usize>j * bStride + 4 * p : <usize>p * bStride + 4 * j);
        const right = j + columns;
        let next: usize = 0;
        if (ahead && n - right >= columns) next = bBlock + 4 * columns;
        else if (ahead && right === n && p + 2 * depth <= k) next = b + <usize>(p + depth) * bStride;
        packBlock(panels, bBlock, columns, depth, bStride, transposedB, directB);
        multiplyBlock(
          c + <usize>i * cStep + 4 * j,
          packed ? strips : aBlock,
          directB ? bBlock : panels,
          panels + <usize>(columns / COLUMNS) * panelBytes(depth),
          last ? operandAt(operand, activation, i, j, cStep) : 0,
          rows,
          columns,
          depth,
          cStep,
          packed ? 4 : aRow,
          aColumn,
          packed,
          directB ? bStride : PANEL_STEP,
          directB ? PANEL_STEP : panelBytes(depth),
          beta !== 0 || p > 0,
          last ? activation : 0,
          scratch,
          next,
          next !== 0 ? bStride : 0,
          depth,
        );
      }
    }
    p += depth;
  } while (p < k);
}
