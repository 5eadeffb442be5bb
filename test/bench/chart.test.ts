import test from "ava";
import { chartOf } from "../../src/bench/chart.ts";
import type { KernelRow, ProductRow, VectorRow } from "../../src/bench/kernel-row.ts";
import { intensity, sizeText } from "../../src/bench/roofline.ts";
import { SHAPE_SETS } from "../../src/bench/shapes.ts";
import { element, logarithmic, roundNumbers } from "../../src/bench/svg.ts";

const common = {
  engine: "relaxed-256" as const,
  ...{ threads: 1, percentOfPeak: 90, us: { min: 1, median: 1, p95: 1 } },
};
const products: ProductRow[] = SHAPE_SETS.square.map((shape, index) => ({
  ...{ kernel: "gemm", ...shape, gflops: 40 + 5 * index, peakGflops: 140, ...common },
}));
const vectors: VectorRow[] = [16_384, 4_194_304].map((n) => ({
  ...{ kernel: "relu", n, gbs: 60, copyGbs: 100, bytes: 8 * n, ...common },
}));
const COPIES = [
  { bytes: 2 ** 17, gbs: 200 },
  { bytes: 2 ** 25, gbs: 50 },
];

/** Throws unless every element is closed in order, and every attribute is quoted and without NaN. */
function checkWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg
    .replace(/^<\?xml [^?]*\?>\n/, "")
    .replaceAll(
      /<(\/?)([\w-]+)((?: [\w:-]+="[^"<&]*")*)(\/?)>/g,
      (_, closing: string, name: string, attributes: string, empty: string) => {
        if (/NaN|Infinity|undefined/.test(attributes)) throw new Error(`${name}${attributes}`);
        if (closing && open.pop() !== name) throw new Error(`${name} is closed out of order`);
        if (!closing && !empty) open.push(name);
        return "";
      },
    );
  if (open.length > 0 || /[<>]|&(?!(amp|lt|gt|quot);)/.test(rest))
    throw new Error(`left over: ${open} ${rest}`);
}

test("the check of well-formed files sees what is not", (t) => {
  for (const wrong of ["<a><b></a></b>", "<a>", '<a x="NaN"/>', "<a>&</a>", "<a>1 < 2</a>", '<a x="<"/>'])
    t.throws(() => checkWellFormed(wrong), undefined, wrong);
});

for (const [what, rows, copies] of [
  ["everything", [...products, ...vectors], COPIES],
  ["products without copies", products, []],
  ["one product", products.slice(0, 1), COPIES],
  ["bars alone", vectors, COPIES],
  ["a product of nothing", [{ ...products[0], m: 0, gflops: 0 }], COPIES],
  ["nothing", [], []],
] as [string, KernelRow[], typeof COPIES][]) {
  test(`the chart of ${what} is a well-formed file`, (t) => {
    t.notThrows(() => checkWellFormed(chartOf(rows, copies, 'a <machine> & "Node"')));
  });
}

test("every product is a mark with its figures, every shape a label, every roof told", (t) => {
  const svg = chartOf([...products, ...vectors], COPIES, "here");
  for (const { variant, m, n, k, gflops } of products) {
    t.true(svg.includes(`<title>${variant} ${m}×${n}×${k}: ${gflops.toFixed(1)} GFLOP/s</title>`));
    t.true(svg.includes(`>${m}³</text>`));
  }
  for (const words of ["multiply-adds 140 GFLOP/s", "copy 200 GB/s, 128 KB", "copy 50 GB/s, 32 MB", ">relu<"])
    t.true(svg.includes(words), words);
});

test("labels below the points do not lie on each other", (t) => {
  const svg = chartOf(products, COPIES, "here");
  const labels = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*font-size="11">(\d+³)</g)];
  const boxes = labels.map(([, x, y, label]) => ({ x: Number(x), y: Number(y), half: label.length * 3 }));
  t.is(boxes.length, 6);
  for (const one of boxes)
    for (const other of boxes)
      t.true(one === other || one.y !== other.y || Math.abs(one.x - other.x) > one.half + other.half);
});

test("intensity is flops for each byte of the three matrices", (t) => {
  t.is(intensity({ ...products[0], m: 12, n: 12, k: 12 }), 2);
});

test("scales and their marks", (t) => {
  const scale = logarithmic(1, 100, 0, 200);
  t.deepEqual([1, 10, 100].map(scale), [0, 100, 200]);
  t.deepEqual(roundNumbers(0.4, 12), [0.5, 1, 2, 5, 10]);
  t.deepEqual([sizeText(2 ** 17), sizeText(2 ** 25)], ["128 KB", "32 MB"]);
  t.is(element("a", { x: 1.25, y: '"' }, "<"), '<a x="1.3" y="&quot;">&lt;</a>');
});
