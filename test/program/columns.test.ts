import test from "ava";
import * as fc from "fast-check";
import { columnsOffset, RANK_GAP_BYTES, toLogical, toStored } from "../../src/program/columns.ts";

const SLICES = [
  { first: 0, count: 2 },
  { first: 2, count: 0 },
  { first: 2, count: 3 },
];

test("each rank's columns stand together, row after row", (t) => {
  const matrix = Float32Array.of(11, 12, 13, 14, 15, 21, 22, 23, 24, 25);
  const stored = new Float32Array(10 + (SLICES.length * RANK_GAP_BYTES) / 4);
  toStored(stored, matrix, 2, 5, SLICES);
  const [first, third] = [0, 2].map((owner) => columnsOffset(SLICES[owner].first, 2, owner) / 4);
  t.deepEqual([...stored.subarray(first, first + 4)], [11, 12, 21, 22]);
  t.deepEqual([...stored.subarray(third, third + 6)], [13, 14, 15, 23, 24, 25]);
  t.is(stored.filter((value) => value !== 0).length, 10);
});

test("what was stored comes back, for any cuts", (t) => {
  const counts = fc.array(fc.nat(5), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(counts, fc.nat(6), (widths, rows) => {
      let columns = 0;
      const slices = widths.map((count) => {
        const slice = { first: columns, count };
        columns += count;
        return slice;
      });
      const matrix = Float32Array.from({ length: rows * columns }, (_, index) => index + 1);
      const stored = new Float32Array(matrix.length + (slices.length * RANK_GAP_BYTES) / 4);
      toStored(stored, matrix, rows, columns, slices);
      t.deepEqual(toLogical(stored, rows, columns, slices), matrix);
    }),
  );
});
