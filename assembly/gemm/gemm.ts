/** C = epilogue(A·B (+ C)) for A and B stored straight or transposed, one block of k and of columns at a time. */
import { packBlock } from "./block";
import { columnBlock, kBlock, panelBytes, panelsOffset, ZEROS } from "./blocking";
import { COLUMNS } from "./micro";
import { multiplyBlock } from "./multiply";
import { PANEL_STEP } from "./pack";

/** Rows of B no further apart than this many bytes are read where they are, for up to this many rows of C. */
const DIRECT_STRIDE: usize = 2048;
const DIRECT_ROWS: i32 = 256;
/** For so few rows of C packing B never pays. */
const FEW_ROWS: i32 = 12;
/** A transposed A is read where it is for sums up to this long, and up to this many columns of C. */
const DIRECT_DEPTH: i32 = 64;
const FEW_COLUMNS: i32 = 256;

/** Strides in bytes between rows as stored. Blocks of k go from first to last, and C holds the chains in between. */
function gemm(
  transposedA: bool,
  transposedB: bool,
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
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
        last && operand !== 0 ? operand + 4 * j : 0,
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
  operand: usize,
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
  gemm(false, false, c, a, b, operand, m, n, k, 4 * ldc, 4 * lda, 4 * ldb, beta, activation, scratch);
}

export function gemmNT(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
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
  gemm(false, true, c, a, b, operand, m, n, k, 4 * ldc, 4 * lda, 4 * ldb, beta, activation, scratch);
}

export function gemmTN(
  c: usize,
  a: usize,
  b: usize,
  operand: usize,
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
  gemm(true, false, c, a, b, operand, m, n, k, 4 * ldc, 4 * lda, 4 * ldb, beta, activation, scratch);
}
