/** C = activation(A·B (+ C) (+ bias)) for A and B stored straight or transposed: packing, blocks, tiles, epilogue. */
import { columnBlock, EDGE, kBlock, panelsOffset, STRIP, ZEROS } from "./blocking";
import { edgeTile } from "./edge";
import { tileRows } from "./engine";
import { epilogue } from "./epilogue";
import { COLUMNS, tile } from "./micro";
import {
  PANEL_STEP,
  packPanel,
  packPanelTransposed,
  packStrip,
  packStripTransposed,
  STRIP_STEP,
} from "./pack";

/** Up to this many rows of C the rows of B are read where they are: packing would cost more than it saves. */
const DIRECT_ROWS: i32 = 64;
/** Up to this k a transposed A is read where it is. */
const DIRECT_K: i32 = 64;

function gemm(
  transposedA: bool,
  transposedB: bool,
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  cStep: usize,
  aStride: usize,
  bStride: usize,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  if (m <= 0 || n <= 0) return;
  for (let i: usize = 0; i < 64; i += 16) v128.store(scratch + ZEROS + i, f32x4.splat(0));
  const directB = !transposedB && m <= DIRECT_ROWS;
  const directA = transposedA && k <= DIRECT_K;
  const length = kBlock(k);
  const width = columnBlock(n);
  const panels = scratch + panelsOffset(length);
  const strip = scratch + STRIP;
  let p = 0;
  do {
    const depth = min(k - p, length);
    const last = p + depth >= k;
    const chained = beta !== 0 || p > 0;
    for (let j0 = 0; j0 < n; j0 += width) {
      const j1 = min(j0 + width, n);
      // pack B
      let panel = panels;
      for (let j = j0; j < j1; j += COLUMNS) {
        const columns = min(j1 - j, COLUMNS);
        if (transposedB)
          packPanelTransposed(panel, b + <usize>j * bStride + 4 * <usize>p, columns, depth, bStride);
        else if (!directB || columns < COLUMNS)
          packPanel(panel, b + <usize>p * bStride + 4 * <usize>j, columns, depth, bStride);
        panel += <usize>((depth + 3) & -4) * PANEL_STEP;
      }
      let rows = 0;
      let strips = (m + tileRows - 1) / tileRows;
      for (let i = 0; i < m; i += rows, strips--) {
        rows = (m - i + strips - 1) / strips;
        let aTile = strip;
        let aStep = STRIP_STEP;
        if (directA) {
          aTile = a + <usize>p * aStride + 4 * <usize>i;
          aStep = aStride;
        } else if (transposedA)
          packStripTransposed(strip, a + <usize>p * aStride + 4 * <usize>i, rows, depth, aStride);
        else packStrip(strip, a + <usize>i * aStride + 4 * <usize>p, rows, depth, aStride);
        panel = panels;
        const cRow = c + <usize>i * cStep;
        for (let j = j0; j < j1; j += COLUMNS) {
          const columns = min(j1 - j, COLUMNS);
          const cTile = cRow + 4 * <usize>j;
          const seed = chained ? cTile : scratch + ZEROS;
          const seedStep = chained ? cStep : 0;
          if (columns < COLUMNS)
            edgeTile(
              rows,
              columns,
              cTile,
              seed,
              aTile,
              panel,
              depth,
              cStep,
              seedStep,
              aStep,
              PANEL_STEP,
              scratch + EDGE,
            );
          else if (directB)
            tile(
              rows,
              cTile,
              seed,
              aTile,
              b + <usize>p * bStride + 4 * <usize>j,
              depth,
              cStep,
              seedStep,
              aStep,
              bStride,
            );
          else tile(rows, cTile, seed, aTile, panel, depth, cStep, seedStep, aStep, PANEL_STEP);
          panel += <usize>((depth + 3) & -4) * PANEL_STEP;
        }
        if (last)
          epilogue(
            cRow + 4 * <usize>j0,
            bias === 0 ? 0 : bias + 4 * <usize>j0,
            rows,
            j1 - j0,
            cStep,
            activation,
          );
      }
    }
    p += depth;
  } while (p < k);
}

export function gemmNN(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  gemm(false, false, c, a, b, bias, m, n, k, 4 * ldc, 4 * lda, 4 * ldb, beta, activation, scratch);
}

export function gemmNT(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  gemm(false, true, c, a, b, bias, m, n, k, 4 * ldc, 4 * lda, 4 * ldb, beta, activation, scratch);
}

export function gemmTN(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  scratch: usize,
): void {
  gemm(true, false, c, a, b, bias, m, n, k, 4 * ldc, 4 * lda, 4 * ldb, beta, activation, scratch);
}
