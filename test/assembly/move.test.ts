import test from "ava";
import { difference, floats, type Operand, run, SIZES } from "./poison.ts";
import { allTwins, numbers } from "./twins.ts";

const twins = allTwins(1 << 20);
/** Round a block of 4, a tile of 32, and two tiles. */
const LENGTHS = [0, 1, 3, 4, 5, 10, 31, 32, 33, 67] as const;

/** Numbers, and NaNs of other payloads: a move keeps every bit. */
function bits(n: number, seed: number): Uint32Array {
  const words = new Uint32Array(floats(n, numbers(seed)).buffer);
  return words.map((word, i) => (i % 7 === 3 ? 0xffc01234 + i : word));
}

test("a copy has every bit of its source at every size", (t) => {
  for (const { engine, kernels, reference, memory } of twins) {
    for (const n of SIZES) {
      const operands: Operand[] = [new Uint32Array(n), bits(n, n + 1)];
      const [expected] = run(memory, operands, (out, x) => reference.copy(out, x, n));
      const [found, source] = run(memory, operands, (out, x) => kernels.copy(out, x, n));
      t.is(difference(found, expected), undefined, `${engine} ${n}`);
      t.is(difference(found, source), undefined, `${engine} ${n}`);
    }
  }
});

test("a copy may go to a place that overlaps its source, on either side", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const [to, from] of [
      [0, 5],
      [5, 0],
    ]) {
      const x = bits(40, 3);
      const [found] = run(memory, [x], (x) => kernels.copy(x + 4 * to, x + 4 * from, 35));
      t.is(
        difference(found, x.slice().copyWithin(to, from, from + 35)),
        undefined,
        `${engine} ${from} to ${to}`,
      );
    }
  }
});

test("a transposed matrix has its twin's bits for every shape and stride, and nothing between its rows is written", (t) => {
  for (const { engine, kernels, reference, memory } of twins) {
    for (const rows of LENGTHS) {
      for (const columns of LENGTHS) {
        const [ldout, ldx] = [rows + (columns % 3), columns + (rows % 3)];
        const operands: Operand[] = [bits(columns * ldout, 1), bits(rows * ldx, 2)];
        const [expected] = run(memory, operands, (out, x) =>
          reference.transpose(out, x, rows, columns, ldout, ldx),
        );
        const [found] = run(memory, operands, (out, x) =>
          kernels.transpose(out, x, rows, columns, ldout, ldx),
        );
        t.is(difference(found, expected), undefined, `${engine} ${rows} × ${columns}`);
      }
    }
  }
});
