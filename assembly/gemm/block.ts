/** A block of B, and a block of a transposed A, packed for the micro-kernel. */
import { panelBytes } from "./blocking";
import { COLUMNS } from "./micro";
import { PANEL_STEP, packEdgePanel, packPanel, packPanelTransposed, packStrip } from "./pack";
import { firstStrips, stripCount, stripHeight } from "./strips";

/**
 * Rows of B that are packed side by side, panel after panel: memory gives lines in a row four times as fast
 * as below each other.
 */
const ROWS_AT_ONCE: i32 = 8;
/** k that are packed of one strip before the next. */
const PACK_DEPTH: i32 = 16;

/** Packs the whole panels of a block of B at `b`, `depth` × `columns`. */
function packRows(panels: usize, b: usize, columns: i32, depth: i32, bStride: usize): void {
  for (let p = 0; p < depth; p += ROWS_AT_ONCE) {
    const rows = min(depth - p, ROWS_AT_ONCE);
    let panel = panels + <usize>p * PANEL_STEP;
    let from = b + <usize>p * bStride;
    for (let left = columns; left >= COLUMNS; left -= COLUMNS) {
      packPanel(panel, from, rows, bStride);
      panel += panelBytes(depth);
      from += 4 * COLUMNS;
    }
  }
}

/** Packs a block of B at `b`, `depth` × `columns`; where B is read directly only the panel at the edge. */
export function packBlock(
  panels: usize,
  b: usize,
  columns: i32,
  depth: i32,
  bStride: usize,
  transposed: bool,
  direct: bool,
): void {
  if (transposed) {
    for (let j = 0; j < columns; j += COLUMNS, panels += panelBytes(depth), b += COLUMNS * bStride) {
      packPanelTransposed(panels, b, min(columns - j, COLUMNS), depth, bStride);
    }
    return;
  }
  if (!direct) packRows(panels, b, columns, depth, bStride);
  const whole = columns / COLUMNS;
  const edge = columns - whole * COLUMNS;
  if (edge === 0) return;
  packEdgePanel(panels + <usize>whole * panelBytes(depth), b + 4 * whole * COLUMNS, edge, depth, bStride);
}

/** Packs all strips of `rows` rows of A stored transposed, [depth,rows], one after the other. */
export function packStrips(strips: usize, a: usize, rows: i32, depth: i32, aStride: usize): void {
  const count = stripCount(rows);
  const tall = firstStrips(rows);
  for (let p = 0; p < depth; p += PACK_DEPTH) {
    const part = min(depth - p, PACK_DEPTH);
    let strip = strips;
    let from = a + <usize>p * aStride;
    for (let s = 0; s < count; s++) {
      const height = s < tall ? stripHeight(rows) : stripHeight(rows) - 1;
      packStrip(strip + 4 * <usize>(p * height), from, height, part, aStride);
      strip += 4 * <usize>(depth * height);
      from += 4 * height;
    }
  }
}
