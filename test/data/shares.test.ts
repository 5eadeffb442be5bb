import test from "ava";
import { batchCount, batchSize, share } from "../../src/data/shares.ts";

test("the shares of a batch follow each other, cover it, and differ by at most one row", (t) => {
  for (let batch = 0; batch <= 40; batch++) {
    for (let ranks = 1; ranks <= 9; ranks++) {
      const shares = Array.from({ length: ranks }, (_, rank) => share(batch, rank, ranks));
      let reached = 0;
      for (const { first, rows } of shares) {
        t.is(first, reached);
        reached += rows;
      }
      t.is(reached, batch);
      const sizes = shares.map(({ rows }) => rows);
      t.true(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }
  }
});

test("with fewer rows than ranks the last ranks have none", (t) => {
  t.deepEqual(
    [0, 1, 2, 3].map((rank) => share(2, rank, 4)),
    [
      { first: 0, rows: 1 },
      { first: 1, rows: 1 },
      { first: 2, rows: 0 },
      { first: 2, rows: 0 },
    ],
  );
});

test("batches cover the epoch, the last one short", (t) => {
  t.is(batchCount(60_000, 32), 1875);
  t.is(batchCount(60_000, 7), 8572);
  t.is(batchSize(60_000, 7, 8571), 3);
  t.is(batchCount(5, 5), 1);
  t.is(batchSize(5, 5, 0), 5);
  for (const [samples, batch] of [
    [1, 1],
    [10, 3],
    [9, 3],
    [100, 99],
  ]) {
    const sizes = Array.from({ length: batchCount(samples, batch) }, (_, i) => batchSize(samples, batch, i));
    t.is(
      sizes.reduce((all, one) => all + one, 0),
      samples,
    );
    t.true(sizes.every((size) => size >= 1 && size <= batch));
  }
});
