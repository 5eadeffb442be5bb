import test from "ava";
import { exact, geluSlope, ulp } from "./exact.ts";
import { allTwins } from "./twins.ts";

type Name = keyof typeof exact;
const ULPS: Record<Name, number> = { exp: 2, log: 2, tanh: 2, sigmoid: 2, gelu: 4 };
/** Where a formula changes, or a result overflows, becomes subnormal or vanishes; 8,000 neighbours each are looked at. */
const HARD: Record<Name, number[]> = {
  exp: [88.7228, -87.3365, -103.97, 0.34657, -0.34657, 1e-8],
  log: [1, Math.SQRT1_2, Math.SQRT2, 1.17549435e-38, 1e-45, 2],
  tanh: [0.625, -0.625, 9.01, 1e-3, 44.4],
  sigmoid: [-87.3365, -103.97, -16.6, 16.6, -1e-3, -4.849],
  gelu: [-0.0659, -0.1399, 0.0036, -13, -13.3, -14.1, -5, -0.33, 0.0001, 5.5],
};
const STRIDE = 4099;
const BATCH = 1 << 15;
const [X, Y, DY] = [1024, 1024 + 4 * BATCH, 1024 + 8 * BATCH];

const twins = allTwins(1 << 20);
const binaries = twins.filter(({ engine }) => engine.endsWith("128"));

/** The bit patterns to look at: every STRIDE-th of all, then those around the hard points. */
function patterns(hard: readonly number[]): Uint32Array {
  const sweep = Math.ceil(2 ** 32 / STRIDE);
  const all = new Uint32Array(sweep + 8000 * hard.length);
  for (let i = 0; i < sweep; i++) all[i] = i * STRIDE;
  const centres = new Uint32Array(Float32Array.from(hard).buffer);
  for (const [h, centre] of centres.entries()) {
    for (let i = 0; i < 8000; i++) all[sweep + 8000 * h + i] = centre - 4000 + i;
  }
  return all;
}

/** Calls `see` with every x, and what `kernel` makes of it. */
function sweep(
  memory: WebAssembly.Memory,
  bits: Uint32Array,
  kernel: (n: number) => void,
  see: (x: number, y: number) => void,
): void {
  const [x, y] = [new Float32Array(memory.buffer, X, BATCH), new Float32Array(memory.buffer, Y, BATCH)];
  const raw = new Uint32Array(memory.buffer, X, BATCH);
  for (let from = 0; from < bits.length; from += BATCH) {
    const part = bits.subarray(from, from + BATCH);
    raw.set(part);
    kernel(part.length);
    for (let i = 0; i < part.length; i++) see(x[i], y[i]);
  }
}

/** The error of y in ulp of `want`, which is rounded where it is not finite or overflows. */
function errorUlp(y: number, want: number): number {
  const rounded = Math.fround(want);
  if (!Number.isFinite(rounded) || !Number.isFinite(y)) return Object.is(y, rounded) ? 0 : Infinity;
  return Math.abs(y - want) / ulp(want);
}

for (const name of Object.keys(exact) as Name[]) {
  test(`${name} is within ${ULPS[name]} ulp of its f64 value over all f32, in both binaries`, (t) => {
    const bits = patterns(HARD[name]);
    for (const { engine, kernels, memory } of binaries) {
      let worst = 0;
      let where = 0;
      sweep(
        memory,
        bits,
        (n) => kernels[name](Y, X, n),
        (x, y) => {
          const error = errorUlp(y, exact[name](x));
          if (error > worst) [worst, where] = [error, x];
        },
      );
      t.log(`${engine}: ${worst.toFixed(3)} ulp at ${where}`);
      t.true(worst <= ULPS[name], `${engine}: ${worst} ulp at ${where}`);
    }
  });
}

test("gelu's slope is within 4 ulp above 0.2, and within 1e-7 below, where its two terms cancel", (t) => {
  const bits = patterns([-0.7517915, -1.0828, 0.3, -13, 5, -0.6120032]);
  for (const { engine, kernels, memory } of binaries) {
    new Float32Array(memory.buffer, DY, BATCH).fill(1);
    let worst = 0;
    let where = 0;
    sweep(
      memory,
      bits,
      (n) => kernels.geluGradient(Y, X, DY, n),
      (x, y) => {
        const want = geluSlope(x);
        if (Number.isNaN(want) && Number.isNaN(y)) return;
        const error = Math.abs(y - want) / (want > 0.2 ? 4 * ulp(want) : 1e-7);
        if (!(error <= worst)) [worst, where] = [error, x];
      },
    );
    t.log(`${engine}: ${worst.toFixed(3)} of the bound at ${where}`);
    t.true(worst <= 1, `${engine}: ${worst} of the bound at ${where}`);
  }
});

test("zeros, infinities and NaN go where the functions' limits are", (t) => {
  const inputs = [0, -0, Infinity, -Infinity, Number.NaN];
  const limits: Record<Name | "relu", number[]> = {
    relu: [0, -0, Infinity, 0, Number.NaN],
    exp: [1, 1, Infinity, 0, Number.NaN],
    log: [-Infinity, -Infinity, Infinity, Number.NaN, Number.NaN],
    tanh: [0, -0, 1, -1, Number.NaN],
    sigmoid: [0.5, 0.5, 1, 0, Number.NaN],
    gelu: [0, -0, Infinity, 0, Number.NaN],
  };
  for (const { engine, kernels, memory } of binaries) {
    for (const [name, expected] of Object.entries(limits) as [Name | "relu", number[]][]) {
      new Float32Array(memory.buffer, X, 5).set(inputs);
      kernels[name](Y, X, 5);
      t.deepEqual([...new Float32Array(memory.buffer, Y, 5)], expected, `${engine} ${name}`);
    }
  }
});

test("the revectorizer changes no bit of any map", (t) => {
  const bits = patterns([]).filter((_, i) => i % 4 === 0);
  for (const name of Object.keys(exact) as Name[]) {
    for (const binary of ["relaxed", "plain"]) {
      const digests = twins
        .filter(({ engine }) => engine.startsWith(binary))
        .map(({ kernels, memory }) => {
          let sum = 0;
          const word = new Uint32Array(1);
          const float = new Float32Array(word.buffer);
          sweep(
            memory,
            bits,
            (n) => kernels[name](Y, X, n),
            (_, y) => {
              float[0] = y;
              sum = (Math.imul(sum, 31) + (Number.isNaN(y) ? 1 : word[0])) | 0;
            },
          );
          return sum;
        });
      t.is(new Set(digests).size, Math.min(digests.length, 1), `${binary} ${name}`);
    }
  }
});
