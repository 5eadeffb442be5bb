/** C = activation(A·B (+ C) (+ bias)) for A and B stored straight or transposed: blocks of B, strips of A, tiles of C. */
import { columnBlock, EDGE, kBlock, panelsOffset, STRIP_GROUP, STRIPS, stripBytes, ZEROS } from "./blocking";
import { edgeTile } from "./edge";
import { tileRows } from "./engine";
import { epilogue } from "./epilogue";
import { COLUMNS, tile } from "./micro";
import {
  PANEL_STEP,
  packEdgePanel,
  packPanel,
  packPanelTransposed,
  packStrip,
  packStripTransposed,
  STRIP_STEP,
} from "./pack";

/** Rows of B no further apart than this many bytes are read where they are, for up to this many rows of C. */
const DIRECT_STRIDE: usize = 2048;
const DIRECT_ROWS: i32 = 256;
/** For so few rows of C packing B never pays. */
const FEW_ROWS: i32 = 12;
/** A transposed A is read where it is for sums up to this long, and up to this many columns of C. */
const DIRECT_DEPTH: i32 = 64;
const FEW_COLUMNS: i32 = 256;
/** k that are packed of one strip of a transposed A before the next strip, while its rows are in the cache. */
const PACK_DEPTH: i32 = 64;

function panelBytes(depth: i32): usize {
  return <usize>((depth + 3) & -4) * PANEL_STEP;
}

/** Rows of the next strip when `left` are left: as even as they can be, since short tiles keep few chains in flight. */
function stripRows(left: i32): i32 {
  const strips = (left + tileRows - 1) / tileRows;
  return (left + strips - 1) / strips;
}

/** Packs a block of B at `b`, `depth` × `columns`; where B is read directly only the panel at the edge. */
function packBlock(
  panels: usize,
  b: usize,
  columns: i32,
  depth: i32,
  bStride: usize,
  transposed: bool,
  direct: bool,
): void {
  for (; columns > 0; columns -= COLUMNS, panels += panelBytes(depth)) {
    const width = min(columns, COLUMNS);
    if (transposed) packPanelTransposed(panels, b, width, depth, bStride);
    else if (width < COLUMNS) packEdgePanel(panels, b, width, depth, bStride);
    else if (!direct) packPanel(panels, b, depth, bStride);
    b += transposed ? COLUMNS * bStride : 4 * COLUMNS;
  }
}

/** Packs the strips of `rows` rows of A at `a`, `depth` long. */
function packStrips(strips: usize, a: usize, rows: i32, depth: i32, aStride: usize, transposed: bool): void {
  if (!transposed) {
    for (let i = 0, height = 0; i < rows; i += height, strips += stripBytes(depth)) {
      height = stripRows(rows - i);
      packStrip(strips, a + <usize>i * aStride, height, depth, aStride);
    }
    return;
  }
  for (let p = 0; p < depth; p += PACK_DEPTH) {
    let strip = strips + <usize>p * STRIP_STEP;
    for (let i = 0, height = 0; i < rows; i += height, strip += stripBytes(depth)) {
      height = stripRows(rows - i);
      packStripTransposed(strip, a + <usize>p * aStride + 4 * i, height, min(depth - p, PACK_DEPTH), aStride);
    }
  }
}

/** One strip of A times a block of B: `rows` × `columns` of C. Full panels are at b, bPanel apart; the edge's in `panels`. */
function multiplyStrip(
  c: usize,
  a: usize,
  b: usize,
  edge: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  cStep: usize,
  aStep: usize,
  bStep: usize,
  bPanel: usize,
  chained: bool,
  scratch: usize,
): void {
  const seedStep: usize = chained ? cStep : 0;
  for (; columns >= COLUMNS; columns -= COLUMNS, c += 4 * COLUMNS, b += bPanel) {
    tile(rows, c, chained ? c : scratch + ZEROS, a, b, depth, cStep, seedStep, aStep, bStep);
  }
  if (columns === 0) return;
  const seed = chained ? c : scratch + ZEROS;
  edgeTile(rows, columns, c, seed, a, edge, depth, cStep, seedStep, aStep, PANEL_STEP, scratch + EDGE);
}

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
  for (let i: usize = 0; i < PANEL_STEP; i += 16) v128.store(scratch + ZEROS + i, f32x4.splat(0));
  const directB = !transposedB && (m <= FEW_ROWS || (m <= DIRECT_ROWS && bStride <= DIRECT_STRIDE));
  const directA = transposedA && k <= DIRECT_DEPTH && n <= FEW_COLUMNS;
  const strips = scratch + STRIPS;
  const panels = scratch + panelsOffset(kBlock(k));
  let p = 0;
  do {
    const depth = min(k - p, kBlock(k));
    for (let j = 0; j < n; j += columnBlock(n)) {
      const columns = min(n - j, columnBlock(n));
      const bBlock = b + (transposedB ? <usize>j * bStride + 4 * p : <usize>p * bStride + 4 * j);
      packBlock(panels, bBlock, columns, depth, bStride, transposedB, directB);
      const edge = panels + <usize>(columns / COLUMNS) * panelBytes(depth);
      let strip = strips;
      for (let i = 0, packed = 0, rows = 0; i < m; i += rows) {
        const aStrip = a + (transposedA ? <usize>p * aStride + 4 * i : <usize>i * aStride + 4 * p);
        if (!directA && i === packed) {
          // As many whole strips as one group holds.
          packed += stripRows(m - i);
          for (let s = 1; s < STRIP_GROUP && packed < m; s++) packed += stripRows(m - packed);
          packStrips(strips, aStrip, packed - i, depth, aStride, transposedA);
          strip = strips;
        }
        rows = stripRows(m - i);
        const cRow = c + <usize>i * cStep + 4 * j;
        multiplyStrip(
          cRow,
          directA ? aStrip : strip,
          directB ? bBlock : panels,
          edge,
          rows,
          columns,
          depth,
          cStep,
          directA ? aStride : STRIP_STEP,
          directB ? bStride : PANEL_STEP,
          directB ? PANEL_STEP : panelBytes(depth),
          beta !== 0 || p > 0,
          scratch,
        );
        strip += stripBytes(depth);
        if (p + depth >= k) epilogue(cRow, bias === 0 ? 0 : bias + 4 * j, rows, columns, cStep, activation);
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
