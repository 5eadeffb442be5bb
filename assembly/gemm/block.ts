/** A block of B and the strips of A that meet it, packed for the micro-kernel. */
import { panelBytes, stripBytes } from "./blocking";
import { COLUMNS } from "./micro";
import {
  packEdgePanel,
  packPanel,
  packPanelTransposed,
  packStrip,
  packStripTransposed,
  STRIP_STEP,
} from "./pack";

/** k that are packed of one strip of a transposed A before the next strip, while its rows are in the cache. */
const PACK_DEPTH: i32 = 64;

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
  for (; columns > 0; columns -= COLUMNS, panels += panelBytes(depth)) {
    const width = min(columns, COLUMNS);
    if (transposed) packPanelTransposed(panels, b, width, depth, bStride);
    else if (width < COLUMNS) packEdgePanel(panels, b, width, depth, bStride);
    else if (!direct) packPanel(panels, b, depth, bStride);
    b += transposed ? COLUMNS * bStride : 4 * COLUMNS;
  }
}

/** Packs `count` strips of A at `a`, `depth` long: the first `tall` have `height` rows, the others one less. */
export function packStrips(
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
