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

/** Packs `count` strips of A at `a`, `depth` long: the first `tall` have `height` rows, the others one less. */
function packStrips(
  strips: usize,
  a: usize,
  count: i32,
  tall: i32,
  height: i32,
  depth: i32,
  aStride: usize,
  transposed: bool,
): void {
  const bytes = stripBytes(depth);
  const rowBytes: usize = transposed ? 4 : aStride;
  // A transposed A is packed a few k at a time, so that its cache lines serve all strips.
  const chunk = transposed ? PACK_DEPTH : depth;
  for (let p = 0; p < depth; p += chunk) {
    let strip = strips + <usize>p * STRIP_STEP;
    let from = a + (transposed ? <usize>p * aStride : 0);
    for (let s = 0; s < count; s++, strip += bytes) {
      const rows = s < tall ? height : height - 1;
      if (transposed) packStripTransposed(strip, from, rows, min(depth - p, chunk), aStride);
      else packStrip(strip, from, rows, depth, aStride);
      from += <usize>rows * rowBytes;
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

/** All strips of A (at `a`, m rows, `depth` long) times a block of B; see gemm and multiplyStrip. */
function multiplyBlock(
  transposedA: bool,
  directA: bool,
  c: usize,
  a: usize,
  b: usize,
  edge: usize,
  bias: usize,
  m: i32,
  columns: i32,
  depth: i32,
  cStep: usize,
  aStride: usize,
  bStep: usize,
  bPanel: usize,
  chained: bool,
  activation: i32,
  scratch: usize,
): void {
  // Strips as even as they can be, since short tiles keep few chains in flight: `tall` of `height` rows, then one less.
  const count = (m + tileRows - 1) / tileRows;
  const height = (m + count - 1) / count;
  const tall = m - count * (height - 1);
  const strips = scratch + STRIPS;
  let strip = strips;
  for (let s = 0; s < count; s++, strip += stripBytes(depth)) {
    if (!directA && s % STRIP_GROUP === 0) {
      strip = strips;
      packStrips(strips, a, min(count - s, STRIP_GROUP), tall - s, height, depth, aStride, transposedA);
    }
    const rows = s < tall ? height : height - 1;
    const aStrip = directA ? a : strip;
    const aStep = directA ? aStride : STRIP_STEP;
    multiplyStrip(c, aStrip, b, edge, rows, columns, depth, cStep, aStep, bStep, bPanel, chained, scratch);
    epilogue(c, bias, rows, columns, cStep, activation);
    a += <usize>rows * (transposedA ? 4 : aStride);
    c += <usize>rows * cStep;
  }
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
  const depthMost = kBlock(k);
  const columnsMost = columnBlock(n);
  const panels = scratch + panelsOffset(depthMost);
  let p = 0;
  do {
    const depth = min(k - p, depthMost);
    const last = p + depth >= k;
    const aBlock = a + (transposedA ? <usize>p * aStride : 4 * p);
    for (let j = 0; j < n; j += columnsMost) {
      const columns = min(n - j, columnsMost);
      const bBlock = b + (transposedB ? <usize>j * bStride + 4 * p : <usize>p * bStride + 4 * j);
      packBlock(panels, bBlock, columns, depth, bStride, transposedB, directB);
      multiplyBlock(
        transposedA,
        directA,
        c + 4 * j,
        aBlock,
        directB ? bBlock : panels,
        panels + <usize>(columns / COLUMNS) * panelBytes(depth),
        last && bias !== 0 ? bias + 4 * j : 0,
        m,
        columns,
        depth,
        cStep,
        aStride,
        directB ? bStride : PANEL_STEP,
        directB ? PANEL_STEP : panelBytes(depth),
        beta !== 0 || p > 0,
        last ? activation : 0,
        scratch,
      );
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
