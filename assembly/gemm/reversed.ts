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
  panelCount,
  REVERSED_COLUMNS,
  REVERSED_GROUP,
  reversedDepth,
  reversedPanelsOffset,
  ZEROS,
} from "./blocking";
import { fetchesAhead, readsRows } from "./choose";
import { epilogue, operandAt } from "./epilogue";
import { COLUMNS } from "./micro";
import { PANEL_STEP } from "./pack";
import { firstStrips, stripCount, stripHeight } from "./strips";
import { tiles } from "./tiles";
import { transposeFrom, transposeTo } from "./transpose";

/** Panels of Aᵀ, [k,columns], block of k after block of k; where A is read directly only those at the edge. */
function packPanels(
  panels: usize,
  a: usize,
  columns: i32,
  k: i32,
  aStride: usize,
  transposedA: bool,
  direct: bool,
): void {
  const depthMost = kBlock(k);
  for (let p = 0; p < k; p += depthMost) {
    const depth = min(k - p, depthMost);
    const from = a + (transposedA ? <usize>p * aStride : 4 * p);
    packBlock(panels, from, columns, depth, aStride, !transposedA, direct);
    panels += <usize>panelCount(columns) * panelBytes(depth);
  }
}

/**
 * A strip of Bᵀ times all panels of a block of k; full panels are at a, aPanel apart, the edge's at `edge`. Meanwhile lines
 * at `next` are fetched: see micro.
 */
function multiplyStrip(
  c: usize,
  seed: usize,
  b: usize,
  a: usize,
  edge: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  step: usize,
  seedStep: usize,
  bRow: usize,
  bColumn: usize,
  aStep: usize,
  aPanel: usize,
  next: usize,
  nextStep: usize,
): void {
  const whole = columns / COLUMNS;
  const wholeBytes = 4 * <usize>(whole * COLUMNS);
  if (whole > 0) {
    tiles(rows, c, seed, b, a, depth, whole, step, seedStep, bRow, bColumn, aStep, aPanel, next, nextStep);
  }
  if (whole * COLUMNS === columns) return;
  c += wholeBytes;
  if (seedStep > 0) seed = c;
  tiles(rows, c, seed, b, edge, depth, 1, step, seedStep, bRow, bColumn, PANEL_STEP, 0, 0, 0);
}

/**
 * `rows` rows of Bᵀ (at `b`) times all panels, over all k: as many rows of the buffer, `step` bytes apart. `ahead`: a strip is
 * fetched during the one before it, of a row as much as there are columns.
 */
function multiplyGroup(
  buffer: usize,
  b: usize,
  a: usize,
  panels: usize,
  zeros: usize,
  rows: i32,
  columns: i32,
  k: i32,
  step: usize,
  bRow: usize,
  bColumn: usize,
  aStride: usize,
  direct: bool,
  chained: bool,
  ahead: bool,
): void {
  const height = stripHeight(rows);
  const tall = firstStrips(rows);
  const depthMost = kBlock(k);
  for (let p = 0; p < k; p += depthMost) {
    const depth = min(k - p, depthMost);
    const panel = panelBytes(depth);
    const from = direct ? a + <usize>p * aStride : panels;
    const edge = panels + <usize>(columns / COLUMNS) * panel;
    const aStep = direct ? aStride : PANEL_STEP;
    const aPanel = direct ? PANEL_STEP : panel;
    let c = buffer;
    let strip = b + <usize>p * bColumn;
    let done = 0;
    for (let s = 0; s < stripCount(rows); s++) {
      const lines = s < tall ? height : height - 1;
      const seed = chained ? c : zeros;
      const seedStep = chained ? step : 0;
      multiplyStrip(
        c,
        seed,
        strip,
        from,
        edge,
        lines,
        columns,
        depth,
        step,
        seedStep,
        bRow,
        bColumn,
        aStep,
        aPanel,
        strip + <usize>lines * bRow,
        ahead && columns <= depth && done + 2 * lines <= rows ? bRow : 0,
      );
      done += lines;
      c += <usize>lines * step;
      strip += <usize>lines * bRow;
    }
    panels += <usize>panelCount(columns) * panel;
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
  const depthMost = reversedDepth(n, k);
  const direct = transposedA && readsRows(n, m, k, aStride);
  const ahead = bColumn === 4 && fetchesAhead(n, k);
  const buffer = scratch + BUFFER;
  const panels = scratch + reversedPanelsOffset(columnsMost);
  const step = bufferStep(columnsMost);
  for (let i = 0; i < m; i += columnsMost) {
    const columns = min(m - i, columnsMost);
    for (let p = 0; p < k; p += depthMost) {
      const depth = min(k - p, depthMost);
      const chained = beta !== 0 || p > 0;
      const aBlock = a + (transposedA ? 4 * i + <usize>p * aStride : <usize>i * aStride + 4 * p);
      packPanels(panels, aBlock, columns, depth, aStride, transposedA, direct);
      for (let j = 0; j < n; j += REVERSED_GROUP) {
        const rows = min(n - j, REVERSED_GROUP);
        const to = c + <usize>i * cStep + 4 * j;
        const bGroup = b + <usize>j * bRow + <usize>p * bColumn;
        if (chained) transposeFrom(buffer, step, to, cStep, columns, rows);
        multiplyGroup(
          buffer,
          bGroup,
          aBlock,
          panels,
          scratch + ZEROS,
          rows,
          columns,
          depth,
          step,
          bRow,
          bColumn,
          aStride,
          direct,
          chained,
          ahead,
        );
        transposeTo(to, cStep, buffer, step, rows, columns);
        if (p + depth < k) continue;
        epilogue(to, operandAt(operand, activation, i, j, cStep), columns, rows, cStep, activation);
      }
    }
  }
}
