import test from "ava";
import { difference, floats, run } from "./poison.ts";
import { allTwins, numbers } from "./twins.ts";

const twins = allTwins(4 << 20);
const COLUMNS = [0, 1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 128, 163] as const;

test("sums down columns have one chain's bits for every shape and stride, begun and continued", (t) => {
  for (const { engine, kernels, reference, memory } of twins) {
    for (const columns of COLUMNS) {
      for (const rows of [0, 1, 2, 5, 32, 33, 67]) {
        const ldx = columns + (rows % 3);
        const [x, old] = [floats(rows * ldx, numbers(rows + columns)), floats(columns, numbers(columns + 1))];
        const where = `${engine} ${rows} × ${columns} of ${ldx}`;
        for (const beta of [0, 1]) {
          const [expected] = run(memory, [old, x], (out, x) =>
            reference.columnSums(out, x, rows, columns, ldx, beta),
          );
          const [found] = run(memory, [old, x], (out, x) =>
            kernels.columnSums(out, x, rows, columns, ldx, beta),
          );
          t.is(difference(found, expected), undefined, `${where}, beta ${beta}`);
        }
        const [expected] = run(memory, [old, x], (out, x) =>
          reference.squaredNorms(out, x, rows, columns, ldx),
        );
        const [found] = run(memory, [old, x], (out, x) => kernels.squaredNorms(out, x, rows, columns, ldx));
        t.is(difference(found, expected), undefined, `${where}, squares`);
      }
    }
  }
});

test("sums along rows have the bits of four lanes for every shape and stride", (t) => {
  for (const { engine, kernels, reference, memory } of twins) {
    for (const columns of COLUMNS) {
      for (const rows of [0, 1, 7, 8, 9, 17]) {
        const ldx = columns + (rows % 3);
        const [out, x] = [new Float32Array(rows), floats(rows * ldx, numbers(rows + columns))];
        for (let i = 0; i < rows; i++) x.fill(Number.NaN, i * ldx + columns, (i + 1) * ldx);
        const [expected] = run(memory, [out, x], (out, x) => reference.rowSums(out, x, rows, columns, ldx));
        const [found] = run(memory, [out, x], (out, x) => kernels.rowSums(out, x, rows, columns, ldx));
        t.is(difference(found, expected), undefined, `${engine} ${rows} × ${columns} of ${ldx}`);
      }
    }
    const x = Float32Array.of(1, 2 ** -24, 2 ** -24, 2 ** -24);
    const [sum] = run(memory, [new Float32Array(1), x], (out, x) => kernels.rowSums(out, x, 1, 4, 4));
    t.is(sum[0], 1 + 2 ** -23, `${engine}: in one chain it would be 1`);
  }
});

test("a column's sum ascends from +0, so that rows may be summed in parts", (t) => {
  for (const { engine, kernels, memory } of twins) {
    const x = floats(50 * 37, numbers(9));
    const expected = new Float32Array(37);
    for (const [i, value] of x.entries()) expected[i % 37] = expected[i % 37] + value;
    const [whole] = run(memory, [new Float32Array(37), x], (out, x) =>
      kernels.columnSums(out, x, 50, 37, 37, 0),
    );
    const [parts] = run(memory, [new Float32Array(37), x], (out, x) => {
      kernels.columnSums(out, x, 20, 37, 37, 0);
      kernels.columnSums(out, x + 20 * 37 * 4, 30, 37, 37, 1);
    });
    t.is(difference(whole, expected), undefined, engine);
    t.is(difference(parts, expected), undefined, engine);
  }
});

test("a vector is summed ascending in f64, from 0 or from the old sum", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const n of [0, 1, 2, 7, 1003]) {
      const x = floats(n, numbers(n + 1));
      for (const beta of [0, 1]) {
        const [sum] = run(memory, [Float64Array.of(0.1), x], (out, x) =>
          kernels.sumAscending(out, x, n, beta),
        );
        t.is(
          sum[0],
          x.reduce((a, b) => a + b, beta * 0.1),
          `${engine} sum of ${n}`,
        );
      }
    }
  }
});

test("the clip factor is 1 up to the limit, limit over norm above it, and NaN where the total is", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const [total, limit, expected] of [
      [25, 10, 1],
      [25, 1, Math.fround(1 / (5 + 1e-6))],
      [2, 0.5, Math.fround(0.5 / (Math.SQRT2 + 1e-6))],
      [0, 1, 1],
      [Infinity, 1, 0],
      [Number.NaN, 1, Number.NaN],
    ]) {
      const operands = [new Float32Array(1), Float64Array.of(total), Float32Array.of(limit)];
      const [factor] = run(memory, operands, (factor, total, limit) =>
        kernels.clipFactor(factor, total, limit),
      );
      t.is(factor[0], expected, `${engine} ${total} ${limit}`);
    }
  }
});
