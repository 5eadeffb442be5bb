/** Twins of the moves: one element after the other. */

export function copy(out: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) store<u32>(out + (i << 2), load<u32>(x + (i << 2)));
}

export function transpose(out: usize, x: usize, rows: usize, columns: usize, ldout: usize, ldx: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < columns; j++) {
      store<u32>(out + ((j * ldout + i) << 2), load<u32>(x + ((i * ldx + j) << 2)));
    }
  }
}
