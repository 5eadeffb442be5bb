/** Strips of A times a block of B: tile after tile of C, then the epilogue while the strip of C is in the cache. */
import { packStrips } from "./block";
import { EDGE, STRIP_GROUP, STRIPS, stripBytes, ZEROS } from "./blocking";
import { edgeTile } from "./edge";
import { tileRows } from "./engine";
import { epilogue, isGradient } from "./epilogue";
import { COLUMNS, tiles } from "./micro";
import { PANEL_STEP, STRIP_STEP } from "./pack";

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
  const panels = columns / COLUMNS;
  if (panels > 0)
    tiles(rows, c, chained ? c : scratch + ZEROS, a, b, depth, panels, cStep, seedStep, aStep, bStep, bPanel);
  columns -= panels * COLUMNS;
  if (columns === 0) return;
  c += 4 * panels * COLUMNS;
  const seed = chained ? c : scratch + ZEROS;
  edgeTile(rows, columns, c, seed, a, edge, depth, cStep, seedStep, aStep, PANEL_STEP, scratch + EDGE);
}

/** All strips of A (at `a`, m rows, `depth` long) times a block of B; see gemm and multiplyStrip. */
export function multiplyBlock(
  transposedA: bool,
  directA: bool,
  c: usize,
  a: usize,
  b: usize,
  edge: usize,
  operand: usize,
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
    epilogue(c, operand, rows, columns, cStep, activation);
    a += <usize>rows * (transposedA ? 4 : aStride);
    c += <usize>rows * cStep;
    if (isGradient(activation)) operand += <usize>rows * cStep;
  }
}
