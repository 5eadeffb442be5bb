import test from "ava";
import { ACTIVATION_GRADIENT } from "../../src/kernels/abi.ts";
import { call, difference, fill, type GemmCase, layOut, VARIANTS } from "./gemm-case.ts";
import { gemmTwins } from "./gemm-twins.ts";
import { numbers } from "./twins.ts";

const twins = gemmTwins(32 * 1024 * 1024);
const plainCase = { gap: 0, beta: 0, activation: 0, bias: false };

test("every tile shape and every tail has the bits of one chain per element, and touches C only", (t) => {
  let seed = 0;
  for (const pair of twins) {
    for (let m = 1; m <= 13; m++) {
      for (let n = 1; n <= 33; n++) {
        for (let k = 0; k <= 13; k++) {
          seed++;
          const variant = VARIANTS[seed % 3]!;
          const [beta, activation, bias] = [(seed >> 1) & 1, seed % 5, seed % 7 > 1];
          const found = difference(pair, { variant, m, n, k, gap: seed % 4, beta, activation, bias }, seed);
          if (found) return t.fail(found);
        }
      }
    }
  }
  return t.pass();
});

test("over thousands of random shapes no bit depends on tile, block or path", (t) => {
  const next = numbers(3);
  /** 1 … most, small sizes as often as large ones. */
  const size = (most: number): number => Math.max(1, Math.round(most ** Math.abs(next())));
  for (let shape = 0; shape < 4000; shape++) {
    const [m, n, k] = [size(300), size(300), size(600)];
    if (m * n * k > 300_000) continue;
    // Rows a multiple of 4096 bytes apart are packed where others are read directly.
    const collides = shape % 4 === 0;
    for (const [v, variant] of VARIANTS.entries()) {
      const longest = variant === "gemmTN" ? m : n;
      const gap = collides ? (1024 - (longest % 1024)) % 1024 : shape % 5;
      const beta = shape & 1;
      const pair = twins[(shape + v) % twins.length]!;
      const found = difference(pair, { variant, m, n, k, gap, beta, activation: 0, bias: true }, shape);
      if (found) return t.fail(found);
    }
  }
  return t.pass();
});

test("large shapes have the same bits whatever blocks, packing and direct reads they take", (t) => {
  const shapes = [
    [32, 128, 784],
    [784, 128, 32],
    [32, 10, 128],
    [128, 10, 32],
    [64, 37, 53],
    [97, 101, 103],
    [65, 300, 520],
    [6, 257, 1030],
    [7, 530, 65],
    [1, 1, 1031],
    [130, 1, 67],
    [200, 16, 512],
    [13, 300, 1100],
    [270, 6, 1030],
    [16, 70, 2050],
  ];
  for (const pair of twins) {
    for (const [m, n, k] of shapes as [number, number, number][]) {
      for (const variant of VARIANTS) {
        const found = difference(
          pair,
          { variant, m, n, k, gap: 3, beta: m & 1, activation: 0, bias: true },
          m + n + k,
        );
        if (found) return t.fail(found);
      }
    }
  }
  return t.pass();
});

test("operands whose rows share the caches' sets are packed in blocks of rows, columns and k, to the same bits", (t) => {
  const shapes = [
    { variant: "gemmTN", m: 2030, n: 70, k: 20, gap: 18 },
    { variant: "gemmTN", m: 1000, n: 10, k: 260, gap: 24 },
    { variant: "gemmNN", m: 20, n: 1000, k: 260, gap: 24 },
    { variant: "gemmNT", m: 140, n: 40, k: 1000, gap: 24 },
  ] as const;
  for (const pair of twins) {
    for (const shape of shapes) {
      const found = difference(pair, { ...shape, beta: 0, activation: 1, bias: true }, shape.m);
      if (found) return t.fail(found);
    }
  }
  return t.pass();
});

test("a size of 0 in any place writes nothing, and k = 0 leaves the activation of the bias", (t) => {
  for (const pair of twins) {
    for (const variant of VARIANTS) {
      for (const [m, n, k] of [
        [0, 5, 5],
        [5, 0, 5],
        [0, 0, 0],
        [5, 5, 0],
        [7, 17, 0],
      ] as [number, number, number][]) {
        for (const beta of [0, 1]) {
          const found = difference(
            pair,
            { variant, m, n, k, gap: 1, beta, activation: 2, bias: true },
            m + n,
          );
          if (found) return t.fail(found);
        }
      }
    }
  }
  return t.pass();
});

test("every activation follows the bias, on whole vectors and tails", (t) => {
  for (const pair of twins) {
    for (let activation = 0; activation <= 4; activation++) {
      for (const n of [1, 7, 8, 16, 21, 130]) {
        const found = difference(
          pair,
          { variant: "gemmNN", m: 9, n, k: 40, gap: 0, beta: 1, activation, bias: true },
          n,
        );
        if (found) return t.fail(found);
      }
    }
  }
  return t.pass();
});

test("every activation's gradient follows the chain, on whole vectors and tails", (t) => {
  for (const pair of twins) {
    for (const activation of Object.values(ACTIVATION_GRADIENT)) {
      for (const [n, k] of [
        [1, 3],
        [7, 0],
        [8, 40],
        [21, 10],
        [130, 40],
        [600, 5],
        [20, 400],
      ] as const) {
        const gemm = {
          variant: "gemmNT",
          m: 9,
          n,
          k,
          gap: n % 3,
          beta: k & 1,
          activation,
          bias: false,
        } as const;
        const found = difference(pair, gemm, n);
        if (found) return t.fail(found);
      }
    }
  }
  return t.pass();
});

test("chains continued over calls with beta 1 have the bits of one chain", (t) => {
  const whole: GemmCase = { ...plainCase, variant: "gemmTN", m: 19, n: 23, k: 41 };
  for (const { kernels, memory } of twins) {
    const layout = layOut(kernels, whole);
    fill(memory, whole, layout, 5);
    call(kernels, whole, layout, layout.twin);
    let done = 0;
    for (const k of [1, 0, 16, 3, 21]) {
      const part = { ...layout, a: layout.a + 4 * done * layout.lda, b: layout.b + 4 * done * layout.ldb };
      call(kernels, { ...whole, k, beta: done > 0 ? 1 : 0 }, part, layout.c);
      done += k;
    }
    const c = Buffer.from(memory.buffer, layout.c, 4 * whole.m * whole.n);
    t.true(c.equals(Buffer.from(memory.buffer, layout.twin, 4 * whole.m * whole.n)));
  }
});

test("every element is within k·ε·Σ|a||b| of the exact sum", (t) => {
  const gemm: GemmCase = { ...plainCase, variant: "gemmNN", m: 30, n: 50, k: 300 };
  for (const { kernels, memory } of twins) {
    const layout = layOut(kernels, gemm);
    fill(memory, gemm, layout, 9);
    call(kernels, gemm, layout, layout.c);
    const f32 = new Float32Array(memory.buffer);
    for (let i = 0; i < gemm.m; i++) {
      for (let j = 0; j < gemm.n; j++) {
        let [sum, magnitude] = [0, 0];
        for (let p = 0; p < gemm.k; p++) {
          const product = f32[layout.a / 4 + i * layout.lda + p]! * f32[layout.b / 4 + p * layout.ldb + j]!;
          sum += product;
          magnitude += Math.abs(product);
        }
        const error = Math.abs(f32[layout.c / 4 + i * layout.ldc + j]! - sum);
        if (error > gemm.k * 2 ** -24 * magnitude) return t.fail(`(${i},${j}): ${error}`);
      }
    }
  }
  return t.pass();
});

test("the two FMA classes differ, so the tests above compare two different things", (t) => {
  t.deepEqual(
    twins.map(({ engine, kernels }) => [engine.startsWith("relaxed"), kernels.fused() === 1]),
    twins.map(({ engine }) => [engine.startsWith("relaxed"), engine.startsWith("relaxed")]),
  );
});

test("scratch for some sizes is enough for all smaller ones", (t) => {
  const { kernels } = twins[0]!;
  for (const [m, n, k] of [
    [1, 1, 0],
    [6, 17, 300],
    [100, 513, 385],
    [7, 1000, 784],
  ] as [number, number, number][]) {
    const bytes = kernels.gemmScratchBytes(m, n, k);
    t.is(bytes % 64, 0);
    t.true(kernels.gemmScratchBytes(m + 1, n, k) >= bytes);
    t.true(kernels.gemmScratchBytes(m, n + 1, k) >= bytes);
    t.true(kernels.gemmScratchBytes(m, n, k + 1) >= bytes);
  }
});
