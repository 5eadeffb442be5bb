import test from "ava";
import { difference, floats, run, SIZES } from "./poison.ts";
import { allTwins, numbers } from "./twins.ts";

const MAPS = ["relu", "sigmoid", "tanh", "gelu", "exp", "log"] as const;
const GRADIENTS = ["reluGradient", "sigmoidGradient", "tanhGradient", "geluGradient"] as const;
const EXTREMES = [Number.NaN, Infinity, -Infinity, 1e-45, -1e-45, 3e38, -3e38, 0, -0, -90, 88.9, -13, 0.625];

const twins = allTwins(1 << 20);

/** Numbers in [−8, 8) with an extreme one every tenth place. */
function inputs(n: number, seed: number): Float32Array {
  const next = numbers(seed);
  return floats(n, () => 8 * next()).map((x, i) =>
    i % 10 === 3 ? EXTREMES[(i + seed) % EXTREMES.length] : x,
  );
}

test("a map has its twin's bits at every size, elsewhere and in place, and touches its output only", (t) => {
  for (const { engine, kernels, reference, memory } of twins) {
    for (const name of MAPS) {
      for (const n of SIZES) {
        const x = inputs(n, n + 1);
        const [expected] = run(memory, [new Float32Array(n), x], (y, x) => reference[name](y, x, n));
        const [apart, unchanged] = run(memory, [new Float32Array(n), x], (y, x) => kernels[name](y, x, n));
        const [inPlace] = run(memory, [x], (x) => kernels[name](x, x, n));
        t.is(difference(apart, expected), undefined, `${engine} ${name} ${n}`);
        t.is(difference(inPlace, expected), undefined, `${engine} ${name} ${n} in place`);
        t.is(difference(unchanged, x), undefined, `${engine} ${name} ${n} input`);
      }
    }
  }
});

test("a gradient has its twin's bits at every size, elsewhere and over dy", (t) => {
  for (const { engine, kernels, reference, memory } of twins) {
    for (const name of GRADIENTS) {
      for (const n of SIZES) {
        const [x, dy] = [inputs(n, n + 1), inputs(n, n + 2)];
        const operands = [new Float32Array(n), x, dy];
        const [expected] = run(memory, operands, (dx, x, dy) => reference[name](dx, x, dy, n));
        const [apart] = run(memory, operands, (dx, x, dy) => kernels[name](dx, x, dy, n));
        const [, over] = run(memory, [x, dy], (x, dy) => kernels[name](dy, x, dy, n));
        t.is(difference(apart, expected), undefined, `${engine} ${name} ${n}`);
        t.is(difference(over, expected), undefined, `${engine} ${name} ${n} over dy`);
      }
    }
  }
});

test("the gradients of relu, sigmoid and tanh are the products of f32 that their definitions say", (t) => {
  const { kernels, memory } = twins[0];
  const y = Float32Array.of(0.25, 0.5, 0.75, 0, -0, 1e-45, Number.NaN, -1);
  const dy = Float32Array.of(3, -3, 0.1, 5, 5, 5, 5, 5);
  const f = Math.fround;
  const of = (name: (typeof GRADIENTS)[number]) =>
    run(memory, [new Float32Array(8), y, dy], (dx, y, dy) => kernels[name](dx, y, dy, 8))[0];
  t.is(difference(of("reluGradient"), Float32Array.of(3, -3, 0.1, 0, 0, 5, 5, 0)), undefined);
  const sigmoid = y.map((v, i) => dy[i] * f(v * f(1 - v)));
  t.is(difference(of("sigmoidGradient"), sigmoid), undefined);
  const tanh = y.map((v, i) => dy[i] * f(f(1 - v) * f(1 + v)));
  t.is(difference(of("tanhGradient"), tanh), undefined);
});

test("add, addBias and scale have the bits of f32 arithmetic at every size, in place too", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const n of SIZES) {
      const [a, b, factor] = [inputs(n, n + 1), inputs(n, n + 2), Float32Array.of(0.3)];
      const sum = a.map((value, i) => value + b[i]);
      const [apart] = run(memory, [new Float32Array(n), a, b], (out, a, b) => kernels.add(out, a, b, n));
      const [overA] = run(memory, [a, b], (a, b) => kernels.add(a, a, b, n));
      const [, overB] = run(memory, [a, b], (a, b) => kernels.add(b, a, b, n));
      for (const found of [apart, overA, overB])
        t.is(difference(found, sum), undefined, `${engine} add ${n}`);
      const [scaled] = run(memory, [a, factor], (x, factor) => kernels.scale(x, factor, n));
      t.is(
        difference(
          scaled,
          a.map((value) => value * factor[0]),
        ),
        undefined,
        `${engine} scale ${n}`,
      );
    }
    for (const [rows, columns] of [
      [0, 5],
      [5, 0],
      [1, 1],
      [3, 10],
      [7, 33],
      [2, 128],
    ]) {
      const [x, bias] = [inputs(rows * columns, rows), inputs(columns, columns)];
      const [inPlace] = run(memory, [x, bias], (x, bias) => kernels.addBias(x, x, bias, rows, columns));
      const [apart] = run(memory, [new Float32Array(x.length), x, bias], (y, x, bias) =>
        kernels.addBias(y, x, bias, rows, columns),
      );
      const sum = x.map((value, i) => value + bias[i % columns]);
      for (const found of [inPlace, apart])
        t.is(difference(found, sum), undefined, `${engine} addBias ${rows} × ${columns}`);
    }
  }
});
