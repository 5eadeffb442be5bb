/** Rows of floats turned into columns, four by four: to[j][i] = from[i][j]. Nothing else is read or written. */

/** Four by four floats. @inline */
function wholeBlock(to: usize, toStep: usize, from: usize, fromStep: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStep);
  const c = v128.load(from + 2 * fromStep);
  const d = v128.load(from + 3 * fromStep);
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(ab01, cd01, 0, 2));
  v128.store(to + toStep, v128.shuffle<f64>(ab01, cd01, 1, 3));
  v128.store(to + 2 * toStep, v128.shuffle<f64>(ab23, cd23, 0, 2));
  v128.store(to + 3 * toStep, v128.shuffle<f64>(ab23, cd23, 1, 3));
}

/** What is left of four rows or columns, one float after the other. */
function partBlock(to: usize, toStep: usize, from: usize, fromStep: usize, rows: i32, columns: i32): void {
  for (; rows > 0; rows--, to += 4, from += fromStep) {
    for (let j = 0; j < columns; j++) store<f32>(to + <usize>j * toStep, load<f32>(from + 4 * j));
  }
}

/** Goes along four rows of `from` after the other: what stands apart in memory is written. */
export function transposeFrom(
  to: usize,
  toStep: usize,
  from: usize,
  fromStep: usize,
  rows: i32,
  columns: i32,
): void {
  for (; rows > 0; rows -= 4, to += 16, from += 4 * fromStep) {
    let target = to;
    let source = from;
    let left = columns;
    if (rows >= 4) {
      for (; left >= 4; left -= 4, target += 4 * toStep, source += 16)
        wholeBlock(target, toStep, source, fromStep);
    }
    if (left > 0) partBlock(target, toStep, source, fromStep, min(rows, 4), left);
  }
}

/** Goes along four rows of `to` after the other: what stands apart in memory is read. */
export function transposeTo(
  to: usize,
  toStep: usize,
  from: usize,
  fromStep: usize,
  rows: i32,
  columns: i32,
): void {
  for (; columns > 0; columns -= 4, to += 4 * toStep, from += 16) {
    let target = to;
    let source = from;
    let left = rows;
    if (columns >= 4) {
      for (; left >= 4; left -= 4, target += 16, source += 4 * fromStep)
        wholeBlock(target, toStep, source, fromStep);
    }
    if (left > 0) partBlock(target, toStep, source, fromStep, left, min(columns, 4));
  }
}
