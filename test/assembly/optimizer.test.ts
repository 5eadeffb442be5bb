import test from "ava";
import { HYPER } from "../../src/kernels/abi.ts";
import { difference, floats, run, SIZES } from "./poison.ts";
import { allTwins, numbers } from "./twins.ts";

const f = Math.fround;
const twins = allTwins(1 << 20);

interface Settings {
  learningRate: number;
  weightDecay: number;
}

/** A HYPER block with the factors behind it, before the first step. */
function hyperBlock({ learningRate, weightDecay }: Settings): Float32Array {
  const block = new Float32Array(HYPER.bytes / 4);
  const put = (offset: number, value: number): void => {
    block[offset / 4] = value;
  };
  put(HYPER.learningRate, learningRate);
  put(HYPER.weightDecay, weightDecay);
  put(HYPER.momentum, 0.9);
  put(HYPER.beta1, 0.9);
  put(HYPER.beta2, 0.999);
  put(HYPER.epsilon, 1e-8);
  put(HYPER.oneMinusBeta1, 1 - 0.9);
  put(HYPER.oneMinusBeta2, 1 - 0.999);
  const wide = new DataView(block.buffer);
  wide.setFloat64(HYPER.product1, 1, true);
  wide.setFloat64(HYPER.product2, 1, true);
  wide.setFloat64(HYPER.factors, 0.9, true);
  wide.setFloat64(HYPER.factors + 8, 0.999, true);
  return block;
}

const SETTINGS: Settings[] = [
  { learningRate: 0.1, weightDecay: 0 },
  { learningRate: 0.003, weightDecay: 0.01 },
];

const f32 = (n: number, seed: number): Float32Array => floats(n, numbers(seed));

test("sgd is w − lr·(g + weightDecay·w) in f32 at every size", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const settings of SETTINGS) {
      const hyper = hyperBlock(settings);
      const [rate, decay] = [hyper[0], hyper[1]];
      for (const n of SIZES) {
        const [w, g] = [f32(n, n + 1), f32(n, n + 2)];
        const expected = w.map((x, i) => x - f(rate * f(g[i] + f(decay * x))));
        const [found, same] = run(memory, [w, g, hyper], (w, g, hyper) => kernels.sgd(w, g, hyper, n));
        t.is(difference(found, expected), undefined, `${engine} ${n}`);
        t.is(difference(same, g), undefined);
      }
    }
  }
});

test("momentum is v ← μ·v + (g + weightDecay·w), w ← w − lr·v in f32 at every size", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const settings of SETTINGS) {
      const hyper = hyperBlock(settings);
      const [rate, decay] = [hyper[0], hyper[1]];
      for (const n of SIZES) {
        const [w, v, g] = [f32(n, n + 1), f32(n, n + 2), f32(n, n + 3)];
        const velocity = v.map((x, i) => f(f(0.9) * x) + f(g[i] + f(decay * w[i])));
        const expected = w.map((x, i) => x - f(rate * velocity[i]));
        const found = run(memory, [w, v, g, hyper], (w, v, g, hyper) => kernels.momentum(w, v, g, hyper, n));
        t.is(difference(found[0], expected), undefined, `${engine} ${n}`);
        t.is(difference(found[1], velocity), undefined, `${engine} ${n}, v`);
      }
    }
  }
});

/** One Adam step of f32 operations, in the order of the kernel's comments. */
function adamStep(
  w: Float32Array,
  m: Float32Array,
  v: Float32Array,
  g: Float32Array,
  hyper: Float32Array,
): void {
  const at = (offset: number): number => hyper[offset / 4];
  for (let i = 0; i < w.length; i++) {
    m[i] = f(at(HYPER.beta1) * m[i]) + f(at(HYPER.oneMinusBeta1) * g[i]);
    v[i] = f(at(HYPER.beta2) * v[i]) + f(f(at(HYPER.oneMinusBeta2) * g[i]) * g[i]);
    const deviation = f(Math.sqrt(f(at(HYPER.correction2) * v[i])));
    const direction = f(f(at(HYPER.correction1) * m[i]) / f(deviation + at(HYPER.epsilon)));
    w[i] = w[i] - f(at(HYPER.learningRate) * f(direction + f(at(HYPER.weightDecay) * w[i])));
  }
}

test("adam has the bits of its f32 operations over three steps, at every size", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const settings of SETTINGS) {
      for (const n of SIZES) {
        const [w, m, v] = [f32(n, n + 1), new Float32Array(n), new Float32Array(n)];
        const hyper = hyperBlock(settings);
        const expected = [w.slice(), m.slice(), v.slice()];
        let state = [w, m, v, hyper] as Float32Array[];
        for (let step = 1; step <= 3; step++) {
          const g = f32(n, n + 7 * step);
          const [w, m, v, block] = state;
          const found = run(memory, [w, m, v, g, block], (w, m, v, g, hyper) => {
            kernels.adamAdvance(hyper);
            kernels.adam(w, m, v, g, hyper, n);
          }) as Float32Array[];
          state = [found[0], found[1], found[2], found[4]];
          adamStep(expected[0], expected[1], expected[2], g, found[4]);
        }
        for (const i of [0, 1, 2])
          t.is(difference(state[i], expected[i]), undefined, `${engine} ${n}, ${"wmv"[i]}`);
      }
    }
  }
});

test("adam's corrections come from running f64 products, for 2,000 steps", (t) => {
  const { kernels, memory } = twins[0];
  let block = hyperBlock(SETTINGS[0]);
  let [product1, product2] = [1, 1];
  for (let step = 1; step <= 2000; step++) {
    [block] = run(memory, [block], (hyper) => kernels.adamAdvance(hyper)) as [Float32Array];
    product1 *= 0.9;
    product2 *= 0.999;
    const wide = new DataView(block.buffer);
    t.is(wide.getFloat64(HYPER.product1, true), product1);
    t.is(wide.getFloat64(HYPER.product2, true), product2);
    t.is(block[HYPER.correction1 / 4], f(1 / (1 - product1)));
    t.is(block[HYPER.correction2 / 4], f(1 / (1 - product2)));
  }
});

test("adam's first step moves every weight by the learning rate against its gradient's sign", (t) => {
  const { kernels, memory } = twins[0];
  const zeros = new Float32Array(3);
  const operands = [
    new Float32Array(3),
    zeros.slice(),
    zeros.slice(),
    Float32Array.of(2, -0.01, 1e-4),
    hyperBlock(SETTINGS[0]),
  ];
  const [w] = run(memory, operands, (w, m, v, g, hyper) => {
    kernels.adamAdvance(hyper);
    kernels.adam(w, m, v, g, hyper, 3);
  });
  for (const [i, sign] of [-1, 1, -1].entries()) t.true(Math.abs(w[i] - 0.1 * sign) < 2e-5, `${w[i]}`);
});
