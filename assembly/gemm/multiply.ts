/** Rows of A times a block of B: strip after strip, tile after tile, then the epilogue while the strip of C is in the cache. */
import { EDGE, ZEROS } from "./blocking";
import { edgeTile } from "./edge";
import { epilogue, operandAt } from "./epilogue";
import { COLUMNS } from "./micro";
import { PANEL_STEP } from "./pack";
import { firstStrips, stripCount, stripHeight } from "./strips";
import { tiles } from "./tiles";

/** One strip of A times a block of B: `rows` × `columns` of C. Full panels are at b, bPanel apart; the edge's in `edge`. */
function multiplyStrip(
  c: usize,
  a: usize,
  b: usize,
  edge: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  cStep: usize,
  aRow: usize,
  aColumn: usize,
  bStep: usize,
  bPanel: usize,
  chained: bool,
  scratch: usize,
  next: usize,
  nextStep: usize,
): void {
  const seedStep: usize = chained ? cStep : 0;
  const panels = columns / COLUMNS;
  const zeros = scratch + ZEROS;
  if (panels > 0) {
    const seed = chained ? c : zeros;
    tiles(rows, c, seed, a, b, depth, panels, cStep, seedStep, aRow, aColumn, bStep, bPanel, next, nextStep);
  }
  columns -= panels * COLUMNS;
  if (columns === 0) return;
  c += 4 * panels * COLUMNS;
  const seed = chained ? c : zeros;
  edgeTile(
    rows,
    columns,
    c,
    seed,
    a,
    edge,
    depth,
    cStep,
    seedStep,
    aRow,
    aColumn,
    PANEL_STEP,
    scratch + EDGE,
  );
}

/**
 * Rows of A times a block of B. A is packed in strips, or element (i,p) of it is at a + i·aRow + p·aColumn. Meanwhile
 * `nextRows` rows at `next` are fetched (see micro), as far as C has rows, and as long as its whole panels.
 */
export function multiplyBlock(
  c: usize,
  a: usize,
  b: usize,
  edge: usize,
  operand: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  cStep: usize,
  aRow: usize,
  aColumn: usize,
  packed: bool,
  bStep: usize,
  bPanel: usize,
  chained: bool,
  activation: i32,
  scratch: usize,
  next: usize,
  nextStep: usize,
  nextRows: i32,
): void {
  const count = stripCount(rows);
  const height = stripHeight(rows);
  const tall = firstStrips(rows);
  let done = 0;
  for (let s = 0; s < count; s++) {
    const strip = s < tall ? height : height - 1;
    const step: usize = packed ? 4 * strip : aColumn;
    multiplyStrip(
      c,
      a,
      b,
      edge,
      strip,
      columns,
      depth,
      cStep,
      aRow,
      step,
      bStep,
      bPanel,
      chained,
      scratch,
      next + <usize>done * nextStep,
      done + strip <= nextRows ? nextStep : 0,
    );
    epilogue(c, operandAt(operand, activation, done, 0, cStep), strip, columns, cStep, activation);
    a += <usize>strip * (packed ? <usize>(4 * depth) : aRow);
    c += <usize>strip * cStep;
    done += strip;
  }
}
