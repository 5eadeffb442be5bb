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

/**
 * A strip of `rows` rows (1 … 6) of A[rows,k] to `strip`, k after k; rows that it lacks repeat the last, unread.
 * The strip has room for k rounded up to 4.
 */
export function packStrip(strip: usize, a: usize, rows: i32, k: i32, rowStep: usize): void {
  const last = a + (rows - 1) * rowStep;
  const a1 = min(a + rowStep, last);
  const a2 = min(a1 + rowStep, last);
  const a3 = min(a2 + rowStep, last);
  const a4 = min(a3 + rowStep, last);
  const zero = f32x4.splat(0);
  for (let offset: usize = 0; k > 0; k -= 4, offset += 16, strip += 4 * STRIP_STEP) {
    const count = min(k, 4);
    store4x4(
      strip,
      STRIP_STEP,
      loadLanes(a + offset, count),
      loadLanes(a1 + offset, count),
      loadLanes(a2 + offset, count),
      loadLanes(a3 + offset, count),
    );
    if (rows > 4) {
      store2x4(
        strip + 16,
        STRIP_STEP,
        loadLanes(a4 + offset, count),
        loadLanes(last + offset, count),
      );
    }
  }
}

/** A strip of `rows` rows of A stored transposed, [k,rows]. */
export function packStripTransposed(strip: usize, a: usize, rows: i32, k: i32, kStep: usize): void {
  const zero = f32x4.splat(0);
  for (; k > 0; k--, a += kStep, strip += STRIP_STEP) {
    v128.store(strip, loadLanes(a, min(rows, 4)));
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

/** A panel of the last `columns` (1 … 15) columns of B[k,columns]. */
export function packEdgePanel(panel: usize, b: usize, columns: i32, k: i32, kStep: usize): void {
  const zero = f32x4.splat(0);
  for (let j = 0; j < COLUMNS; j += 4) {
    const count = columns - j;
    let to = panel + 4 * j;
    let from = b + 4 * j;
    for (let p = 0; p < k; p++, to += PANEL_STEP, from += kStep) {
      v128.store(to, count <= 0 ? zero : loadLanes(from, min(count, 4)));
    }
  }
}

/** A panel of `columns` columns of B stored transposed, [columns,k]; it has room for k rounded up to 4. */
export function packPanelTransposed(panel: usize, b: usize, columns: i32, k: i32, columnStep: usize): void {
  const zero = f32x4.splat(0);
  for (let j = 0; j < COLUMNS; j += 4) {
    const present = columns - j;
    const b1 = b + columnStep;
    const b2 = b1 + columnStep;
    const b3 = b2 + columnStep;
    let to = panel + 4 * j;
    let offset: usize = 0;
    for (let p = k; p > 0; p -= 4, offset += 16, to += 4 * PANEL_STEP) {
      const count = min(p, 4);
      store4x4(
        to,
        PANEL_STEP,
        present > 0 ? loadLanes(b + offset, count) : zero,
        present > 1 ? loadLanes(b1 + offset, count) : zero,
        present > 2 ? loadLanes(b2 + offset, count) : zero,
        present > 3 ? loadLanes(b3 + offset, count) : zero,
      );
    }
    b += 4 * columnStep;
  }
}
