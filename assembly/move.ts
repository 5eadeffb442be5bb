/** Floats to another place as they are: a vector, or a matrix transposed. */

export function copy(out: usize, x: usize, n: usize): void {
  memory.copy(out, x, n << 2);
}

/** The 4 × 4 block at x, its rows `ldx` bytes apart, transposed to `out`. @inline */
function transposeBlock(out: usize, x: usize, ldout: usize, ldx: usize): void {
  const r0 = v128.load(x);
  const r1 = v128.load(x + ldx);
  const r2 = v128.load(x + 2 * ldx);
  const r3 = v128.load(x + 3 * ldx);
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5));
  v128.store(out + ldout, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7));
  v128.store(out + 2 * ldout, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5));
  v128.store(out + 3 * ldout, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7));
}

/** rows × columns elements one by one: what is left at a tile's edges. */
function transposeElements(
  out: usize,
  x: usize,
  rows: usize,
  columns: usize,
  ldout: usize,
  ldx: usize,
): void {
  for (; rows > 0; rows--, out += 4, x += ldx) {
    for (let j: usize = 0, to = out; j < columns; j++, to += ldout) store<f32>(to, load<f32>(x + (j << 2)));
  }
}

/** A tile, column by column, so that the lines of `out` are written whole. */
function transposeTile(out: usize, x: usize, rows: usize, columns: usize, ldout: usize, ldx: usize): void {
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  for (let j: usize = 0; j < wholeColumns; j += 4) {
    const to = out + j * ldout;
    const from = x + (j << 2);
    for (let i: usize = 0; i < wholeRows; i += 4) transposeBlock(to + (i << 2), from + i * ldx, ldout, ldx);
  }
  if (wholeColumns < columns) {
    const to = out + wholeColumns * ldout;
    transposeElements(to, x + (wholeColumns << 2), wholeRows, columns - wholeColumns, ldout, ldx);
  }
  if (wholeRows < rows) {
    transposeElements(out + (wholeRows << 2), x + wholeRows * ldx, rows - wholeRows, columns, ldout, ldx);
  }
}

/** Rows and columns of a tile: two lines a row, which the processor fetches as one, and a tile of each side in its cache. */
const TILE: usize = 32;

export function transpose(out: usize, x: usize, rows: usize, columns: usize, ldout: usize, ldx: usize): void {
  const outStride = ldout << 2;
  const stride = ldx << 2;
  for (let j: usize = 0; j < columns; j += TILE) {
    for (let i: usize = 0; i < rows; i += TILE) {
      const to = out + j * outStride + (i << 2);
      const from = x + i * stride + (j << 2);
      transposeTile(to, from, min(rows - i, TILE), min(columns - j, TILE), outStride, stride);
    }
  }
}
