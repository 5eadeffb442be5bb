/** Operands copied into the order in which the micro-kernel reads them; lanes beyond a matrix hold +0. */
import { loadLanes, storeLanes } from "../lanes";
import { COLUMNS } from "./micro";
import { transposeFrom } from "./transpose";

/** Bytes between two k of a packed panel of B: 16 columns. */
export const PANEL_STEP: usize = 4 * COLUMNS;

/** A strip of `rows` rows (1 … 6) of A stored transposed, [k,rows]: the rows of each k side by side. */
export function packStrip(strip: usize, a: usize, rows: i32, k: i32, kStep: usize): void {
  if (rows === 6) {
    for (; k > 0; k--, a += kStep, strip += 24) {
      v128.store(strip, v128.load(a));
      store<u64>(strip, load<u64>(a, 16), 16);
    }
  } else {
    for (; k > 0; k--, a += kStep, strip += 4 * rows) {
      storeLanes(strip, loadLanes(a, rows), rows);
      if (rows > 4) store<u32>(strip, load<u32>(a, 16), 16);
    }
  }
}

/** A panel of 16 columns of B[k,16]. */
export function packPanel(panel: usize, b: usize, k: i32, kStep: usize): void {
  for (; k > 0; k--, b += kStep, panel += PANEL_STEP) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    v128.store(panel, b1, 16);
    v128.store(panel, b0);
    v128.store(panel, b3, 48);
    v128.store(panel, b2, 32);
  }
}

/** +0 in all of a panel. */
function clearPanel(panel: usize, k: i32): void {
  for (const end = panel + <usize>k * PANEL_STEP; panel < end; panel += 16) v128.store(panel, f32x4.splat(0));
}

/** Four columns of a panel, of which B has `count`. */
function packFour(panel: usize, b: usize, count: i32, k: i32, kStep: usize): void {
  if (count >= 4) {
    for (; k > 0; k--, panel += PANEL_STEP, b += kStep) v128.store(panel, v128.load(b));
  } else if (count > 0) {
    for (; k > 0; k--, panel += PANEL_STEP, b += kStep) v128.store(panel, loadLanes(b, count));
  } else {
    for (; k > 0; k--, panel += PANEL_STEP) v128.store(panel, f32x4.splat(0));
  }
}

/** A panel of the last `columns` (1 … 15) columns of B[k,columns]; the others are +0. */
export function packEdgePanel(panel: usize, b: usize, columns: i32, k: i32, kStep: usize): void {
  for (let j = 0; j < COLUMNS; j += 4) packFour(panel + 4 * j, b + 4 * j, columns - j, k, kStep);
}

/** A panel of `columns` columns (1 … 16) of B stored transposed, [columns,k]; the others are +0. */
export function packPanelTransposed(panel: usize, b: usize, columns: i32, k: i32, columnStep: usize): void {
  if (columns < COLUMNS) clearPanel(panel, k);
  transposeFrom(panel, PANEL_STEP, b, columnStep, columns, k);
}
