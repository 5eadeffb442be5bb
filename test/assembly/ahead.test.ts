import test from "ava";
import { HYPER } from "../../src/kernels/abi.ts";
import { gemmTwins } from "./gemm-twins.ts";
import { numbers } from "./twins.ts";

const BYTES = 10 * 1024 * 1024;
const twins = gemmTwins(BYTES);

/** Numbers in all of the memory, so that whatever is read beside an operand would be seen in the sum. */
function fillAll(memory: WebAssembly.Memory, seed: number): Float32Array {
  const next = numbers(seed);
  return new Float32Array(memory.buffer).map(() => next());
}

/** Large enough that lines are fetched before they are used, with edges of every block, strip and panel. */
const PRODUCTS = [
  { variant: "gemmNN", m: 172, n: 513, k: 515 },
  { variant: "gemmNN", m: 131, n: 1040, k: 257 },
  { variant: "gemmNT", m: 64, n: 599, k: 500 },
  { variant: "gemmNT", m: 256, n: 600, k: 1100 },
] as const;

test("a large B that is fetched before it is used may end with the memory's last byte", (t) => {
  for (const { name, kernels, reference, memory } of twins) {
    const floats = new Float32Array(memory.buffer);
    for (const { variant, m, n, k } of PRODUCTS) {
      floats.set(fillAll(memory, m));
      const ldb = variant === "gemmNN" ? n : k;
      const [a, c, scratch, b] = [1024, 2 ** 21, 7 * 2 ** 19, BYTES - 4 * n * k];
      const twin = c + 3 * 2 ** 18;
      t.true(scratch + kernels.gemmScratchBytes(m, n, k) <= b);
      kernels[variant](c, a, b, 0, m, n, k, n, k, ldb, 0, 0, scratch);
      reference[variant](twin, a, b, 0, m, n, k, n, k, ldb, 0, 0, scratch);
      const [one, two] = [c, twin].map((at) => Buffer.from(memory.buffer, at, 4 * m * n));
      t.true(one.equals(two), `${name} ${variant} ${m}×${n}×${k}`);
    }
  }
});

test("large weights that are fetched while their gradient is made may end with the memory's last byte", (t) => {
  for (const { name, kernels, memory } of twins) {
    const floats = new Float32Array(memory.buffer);
    for (const [m, n, k] of [
      [49, 5360, 7],
      [514, 513, 9],
    ]) {
      const count = m * n;
      const [hyper, x, dy, g, scratch] = [1024, 4096, 2 ** 16, 2 ** 20, 5 * 2 ** 19];
      const [w, v] = [BYTES - 4 * count, BYTES - 8 * count];
      floats.set(fillAll(memory, m));
      floats.copyWithin(v / 4, w / 4, w / 4 + count);
      floats.set([0.1, 0.01], hyper / 4 + HYPER.learningRate / 4);
      const bytes = Math.max(kernels.updateScratchBytes(m, n, k), kernels.gemmScratchBytes(m, n, k));
      t.true(scratch + bytes <= v);
      kernels.gemmTN(g, x, dy, 0, m, n, k, n, m, n, 0, 0, scratch);
      kernels.sgd(v, g, hyper, count);
      kernels.gemmTNSgd(w, x, dy, hyper, m, n, k, m, n, scratch);
      const [one, two] = [w, v].map((at) => Buffer.from(memory.buffer, at, 4 * count));
      t.true(one.equals(two), `${name} ${m}×${n}×${k}`);
    }
  }
});
