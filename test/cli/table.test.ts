import test from "ava";
import { giga, microseconds, share } from "../../src/cli/figures.ts";
import { type Column, Table } from "../../src/cli/table.ts";

const COLUMNS: Column[] = [
  { head: "name", width: 6, align: "left" },
  { head: "min", width: 5, align: "right", dispensable: 2 },
  { head: "median", width: 6, align: "right" },
  { head: "p95", width: 5, align: "right", dispensable: 1 },
];

test("names stand left and figures right", (t) => {
  const table = new Table(COLUMNS, undefined);
  t.is(table.header, "name      min  median    p95");
  t.is(table.row(["a", "1", "2", "3"]), "a           1       2      3");
});

test("what a narrow terminal has no room for is left out, the most dispensable first", (t) => {
  t.is(new Table(COLUMNS, 28).header, "name      min  median    p95");
  t.is(new Table(COLUMNS, 27).header, "name    median    p95");
  t.is(new Table(COLUMNS, 20).header, "name    median");
  t.is(new Table(COLUMNS, 3).header, "name    median");
});

test("figures have three digits and their unit, and fit seven columns", (t) => {
  const times = [0, 0.0123, 0.999, 9.999, 45.67, 999.4, 999.6, 12_345, 999_499, 999_600, 61e6];
  t.deepEqual(times.map(microseconds), [
    ...["0.00 µs", "0.01 µs", "1.00 µs", "10.0 µs", "45.7 µs", "999 µs"],
    ...["1.00 ms", "12.3 ms", "999 ms", "1.00 s", "61.0 s"],
  ]);
  t.deepEqual([138.66, 51.84, 9.994, 0.812, Number.NaN].map(giga), ["138.7", "51.8", "9.99", "0.81", "?"]);
  t.deepEqual([97.4, 0, Number.NaN].map(share), ["97 %", "0 %", "?"]);
});
