/**
 * C column by column: its transpose as Bᵀ·Aᵀ, the same chains with the roles of the operands exchanged. Where C has few rows
 * a large B is read where it stands even if it is stored transposed, and only the small A is packed.
 */
import { packBlock } from "./block";
import {
  BUFFER,
  bufferStep,
  evenPart,
  kBlock,
  panelBytes,
  REVERSED_COLUMNS,
  REVERSED_DEPTH,
  REVERSED_GROUP,
  reversedPanelsOffset,
  roundUp,
  ZEROS,
} from "./blocking";
import { epilogue, operandAt } from "./epilogue";
import { COLUMNS, tiles } from "./micro";
import { PANEL_STEP } from "./pack";
import { firstStrips, stripCount, stripHeight } from "./strips";
import { transposeFrom, transposeTo } from "./transpose";

/** Panels of Aᵀ, [k,columns], block of k after block of k. */
function packPanels(panels: usize, a: usize, columns: i32, k: i32, aStride: usize, transposedA: bool): void {
  const depthMost = kBlock(k);
  for (let p = 0; p < k; p += depthMost) {
    const depth = min(k - p, depthMost);
    packBlock(
      panels,
      a + (transposedA ? <usize>p * aStride : 4 * p),
      columns,
      depth,
      aStride,
      !transposedA,
      false,
    );
    panels += <usize>(roundUp(columns, COLUMNS) / COLUMNS) * panelBytes(depth);
  }
}

/** `rows` rows of Bᵀ (at `b`) times all panels: as many rows of the buffer, `step` bytes apart, over all k. */
function multiplyGroup(
  buffer: usize,
  b: usize,
  panels: usize,
  zeros: usize,
  rows: i32,
  columns: i32,
  k: i32,
  step: usize,
  bRow: usize,
  bColumn: usize,
  chained: bool,
): void {
  const height = stripHeight(rows);
  const tall = firstStrips(rows);
  const count = roundUp(columns, COLUMNS) / COLUMNS;
  const depthMost = kBlock(k);
  for (let p = 0; p < k; p += depthMost) {
    const depth = min(k - p, depthMost);
    const panel = panelBytes(depth);
    let c = buffer;
    let from = b + <usize>p * bColumn;
    for (let s = 0; s < stripCount(rows); s++) {
      const strip = s < tall ? height : height - 1;
      const seed = chained ? c : zeros;
      const seedStep = chained ? step : 0;
      tiles(strip, c, seed, from, panels, depth, count, step, seedStep, bRow, bColumn, PANEL_STEP, panel);
      c += <usize>strip * step;
      from += <usize>strip * bRow;
    }
    panels += <usize>count * panel;
    chained = true;
  }
}

/**
 * C = epilogue(A·B (+ C)), strides in bytes. Element (p,j) of B is at b + j·bRow + p·bColumn, where one of the
 * two is 4; A is [m,k], or transposed [k,m].
 */
export function reversed(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
  m: i32,
  n: i32,
  k: i32,
  cStep: usize,
  aStride: usize,
  transposedA: bool,
  bRow: usize,
  bColumn: usize,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  const columnsMost = evenPart(m, REVERSED_COLUMNS);
  const depthMost = evenPart(k, REVERSED_DEPTH);
  const buffer = scratch + BUFFER;
  const panels = scratch + reversedPanelsOffset(columnsMost);
  const step = bufferStep(columnsMost);
  for (let i = 0; i < m; i += columnsMost) {
    const columns = min(m - i, columnsMost);
    for (let p = 0; p < k; p += depthMost) {
      const depth = min(k - p, depthMost);
      const chained = beta !== 0 || p > 0;
      const aBlock = a + (transposedA ? 4 * i + <usize>p * aStride : <usize>i * aStride + 4 * p);
      packPanels(panels, aBlock, columns, depth, aStride, transposedA);
      for (let j = 0; j < n; j += REVERSED_GROUP) {
        const rows = min(n - j, REVERSED_GROUP);
        const to = c + <usize>i * cStep + 4 * j;
        const bGroup = b + <usize>j * bRow + <usize>p * bColumn;
        if (chained) transposeFrom(buffer, step, to, cStep, columns, rows);
        multiplyGroup(
          buffer,
          bGroup,
          panels,
          scratch + ZEROS,
          rows,
          columns,
          depth,
          step,
          bRow,
          bColumn,
          chained,
        );
        transposeTo(to, cStep, buffer, step, rows, columns);
        if (p + depth < k) continue;
        epilogue(to, operandAt(operand, activation, i, j, cStep), columns, rows, cStep, activation);
      }
    }
  }
}
