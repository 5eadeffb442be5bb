/** Operands copied into the order in which the micro-kernel reads them; lanes beyond a matrix hold +0. */
import { loadLanes } from "../lanes";
import { COLUMNS } from "./micro";

/** Bytes between two k of a packed strip of A: 6 rows. */
export const STRIP_STEP: usize = 24;
/** Bytes between two k of a packed panel of B: 16 columns. */
export const PANEL_STEP: usize = 4 * COLUMNS;

/** Four floats of each of a, b, c, d, transposed: lane `i` of all four goes to `to + i · step`. */
function store4x4(to: usize, step: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(ab01, cd01, 0, 2));
  v128.store(to + step, v128.shuffle<f64>(ab01, cd01, 1, 3));
  v128.store(to + 2 * step, v128.shuffle<f64>(ab23, cd23, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<f64>(ab23, cd23, 1, 3));
}

/** Four floats of a and of b, transposed: pair `i` goes to `to + i · step`. */
function store2x4(to: usize, step: usize, a: v128, b: v128): void {
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  v128.store64_lane(to, ab01, 0);
  v128.store64_lane(to + step, ab01, 1);
  v128.store64_lane(to + 2 * step, ab23, 0);
  v128.store64_lane(to + 3 * step, ab23, 1);
}

/** Packs four k of six rows. */
function packSquare(strip: usize, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128): void {
  store4x4(strip, STRIP_STEP, a, b, c, d);
  store2x4(strip + 16, STRIP_STEP, e, f);
}

/**
 * A strip of `rows` rows (1 … 6) of A[rows,k] to `strip`, k after k; rows that it lacks repeat the last, unread.
 * The strip has room for k rounded up to 4.
 */
export function packStrip(strip: usize, a: usize, rows: i32, k: i32, rowStep: usize): void {
  const last = a + (rows - 1) * rowStep;
  let a1 = min(a + rowStep, last);
  let a2 = min(a1 + rowStep, last);
  let a3 = min(a2 + rowStep, last);
  let a4 = min(a3 + rowStep, last);
  let a5 = last;
  for (; k >= 4; k -= 4, strip += 4 * STRIP_STEP) {
    packSquare(
      strip,
      v128.load(a),
      v128.load(a1),
      v128.load(a2),
      v128.load(a3),
      v128.load(a4),
      v128.load(a5),
    );
    a += 16;
    a1 += 16;
    a2 += 16;
    a3 += 16;
    a4 += 16;
    a5 += 16;
  }
  if (k === 0) return;
  packSquare(
    strip,
    loadLanes(a, k),
    loadLanes(a1, k),
    loadLanes(a2, k),
    loadLanes(a3, k),
    loadLanes(a4, k),
    loadLanes(a5, k),
  );
}

/** A strip of `rows` rows of A stored transposed, [k,rows]. */
export function packStripTransposed(strip: usize, a: usize, rows: i32, k: i32, kStep: usize): void {
  for (; k > 0; k--, a += kStep, strip += STRIP_STEP) {
    v128.store(strip, loadLanes(a, rows));
    if (rows > 4) v128.store64_lane(strip + 16, loadLanes(a + 16, rows - 4), 0);
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

/** Four columns of a panel of B stored transposed, [columns,k]: those that it has (1 or more) at b. */
function packFourTransposed(panel: usize, b: usize, columns: i32, k: i32, columnStep: usize): void {
  const last = b + (min(columns, 4) - 1) * columnStep;
  let b1 = min(b + columnStep, last);
  let b2 = min(b1 + columnStep, last);
  let b3 = last;
  for (; k >= 4; k -= 4, panel += 4 * PANEL_STEP) {
    store4x4(panel, PANEL_STEP, v128.load(b), v128.load(b1), v128.load(b2), v128.load(b3));
    b += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  if (k === 0) return;
  store4x4(panel, PANEL_STEP, loadLanes(b, k), loadLanes(b1, k), loadLanes(b2, k), loadLanes(b3, k));
}

/**
 * A panel of `columns` columns (1 … 16) of B stored transposed, [columns,k]; it has room for k rounded up to 4.
 * Columns that it lacks repeat the last: their products stay in the edge tile.
 */
export function packPanelTransposed(panel: usize, b: usize, columns: i32, k: i32, columnStep: usize): void {
  for (let j = 0; j < COLUMNS; j += 4) {
    const from = min(j, columns - 1);
    packFourTransposed(panel + 4 * j, b + <usize>from * columnStep, columns - from, k, columnStep);
  }
}
