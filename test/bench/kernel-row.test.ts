import test from "ava";
import { productCase, vectorCase } from "../../src/bench/case.ts";
import { type ProductRow, rowOf, type VectorRow } from "../../src/bench/kernel-row.ts";
import type { Timing } from "../../src/bench/measuring.ts";
import type { OpenBlas } from "../../src/bench/openblas.ts";
import { fusedProducts, PRODUCTS } from "../../src/bench/product-kernels.ts";
import { VECTOR_KERNELS } from "../../src/bench/vector-kernels.ts";

/** Samples of ten calls each, from `start` on, of these microseconds a call. */
const timing = (us: readonly number[], start = 100): Timing => ({
  calls: 10,
  startsUs: us.map(() => start),
  endsUs: us.map((each) => start + 10 * each),
});
const product = productCase(PRODUCTS.NT, { variant: "NT", m: 10, n: 10, k: 50 }, 0);
const peer = { name: "OpenBLAS", version: "0.3", core: "Haswell" } as OpenBlas;

test("a product's row has the rate, the share of the peak in the same rounds, and the times", (t) => {
  const samples = { ours: timing([1, 2, 4]), roof: timing([2, 4, 16]), roofWork: 40_000, peer: null };
  t.deepEqual(rowOf(product, [samples], "relaxed-256", null), {
    ...{ kernel: "gemm", variant: "NT", m: 10, n: 10, k: 50 },
    ...{ gflops: 5, peakGflops: 10, engine: "relaxed-256", threads: 1, percentOfPeak: 50 },
    us: { min: 1, median: 2, p95: 3.8 },
  });
});

test("the ratio to a peer is that of the same rounds", (t) => {
  const samples = { ours: timing([1, 2, 4]), roof: timing([1, 1, 1]), roofWork: 1, peer: timing([2, 3, 4]) };
  const row = rowOf(product, [samples], "relaxed-256", peer) as ProductRow;
  t.deepEqual(row.peer, {
    ...{ name: "OpenBLAS", version: "0.3", core: "Haswell" },
    gflops: 10_000 / 3 / 1e3,
    ...{ ratio: 1.5, leastRatio: 1, largestRatio: 2 },
  });
});

test("threads' work is done when the last is, from when the first began", (t) => {
  const roof = timing([1]);
  const one = { ours: timing([2], 100), roof, roofWork: 1000, peer: null };
  const other = { ours: timing([2], 110), roof, roofWork: 1000, peer: null };
  const row = rowOf(product, [one, other], "plain-128", null) as ProductRow;
  // 2 × 10 calls of 10,000 flops in 30 µs, though each thread took 20.
  t.is(row.us.median, 3);
  t.is(row.gflops, 20_000 / 3 / 1e3);
  t.deepEqual(row.perThread, [5, 5]);
  t.is(row.peakGflops, 2);
});

test("of a product of nothing the rate is 0, not undefined", (t) => {
  const nothing = productCase(PRODUCTS.NN, { variant: "NN", m: 0, n: 10, k: 10 }, 0);
  const samples = { ours: timing([0.5]), roof: timing([1]), roofWork: 1000, peer: timing([2]) };
  const row = rowOf(nothing, [samples], "relaxed-256", peer) as ProductRow;
  t.deepEqual([row.gflops, row.percentOfPeak, row.peer?.ratio], [0, 0, 4]);
});

test("another kernel's row has bytes a second, and the copy's", (t) => {
  const relu = vectorCase(VECTOR_KERNELS[0], 1024);
  const samples = { ours: timing([2]), roof: timing([1]), roofWork: 8192, peer: null };
  const row = rowOf(relu, [samples], "relaxed-256", peer) as VectorRow;
  t.like(row, { kernel: "relu", n: 1024, gbs: 4.096, copyGbs: 8.192, bytes: 8192, percentOfPeak: 50 });
});

test("a product that ends in an update has its own name, and no peer", (t) => {
  const [[kernel, shape]] = fusedProducts();
  const samples = { ours: timing([2]), roof: timing([1]), roofWork: 1000, peer: null };
  const row = rowOf(productCase(kernel, shape, 0), [samples], "relaxed-256", peer) as ProductRow;
  t.like(row, { kernel: "gemmTNSgd", variant: "TN", m: 784, n: 128, k: 32 });
  t.is(row.peer, undefined);
});
