import test from "ava";
import { difference, floats, type Operand, run } from "./poison.ts";
import { allTwins, numbers, type Twins } from "./twins.ts";

const twins = allTwins(1 << 20);
const CLASSES = [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 16, 17, 100, 1003] as const;

interface Loss {
  losses: Operand;
  correct: Operand;
  dz: Operand;
}

const empty = (rows: number): [Float32Array, Int32Array] => [new Float32Array(rows), new Int32Array(rows)];

/** Both in one pass, by the kernel or by its twin. */
function together(
  { memory }: Twins,
  kernels: Twins["kernels"],
  z: Float32Array,
  labels: Int32Array,
  batch: number,
): Loss {
  const rows = labels.length;
  const classes = z.length / rows;
  const operands = [new Float32Array(z.length), ...empty(rows), z, labels];
  const [dz, losses, correct] = run(memory, operands, (dz, losses, correct, z, labels) =>
    kernels.crossEntropyWithGradient(dz, losses, correct, z, labels, rows, classes, batch),
  );
  return { losses, correct, dz };
}

function apart(
  { memory, kernels }: Twins,
  z: Float32Array,
  labels: Int32Array,
  batch: number,
  inPlace: boolean,
): Loss {
  const rows = labels.length;
  const classes = z.length / rows;
  const [losses, correct] = run(memory, [...empty(rows), z, labels], (losses, correct, z, labels) =>
    kernels.crossEntropy(losses, correct, z, labels, rows, classes),
  );
  const out = inPlace ? z : new Float32Array(z.length);
  const [dz] = run(memory, [out, z, labels], (dz, z, labels) =>
    kernels.crossEntropyGradient(dz, z, labels, rows, classes, batch),
  );
  return { losses, correct, dz };
}

function inputs(rows: number, classes: number, seed: number, spread = 6): [Float32Array, Int32Array] {
  const next = numbers(seed);
  const z = floats(rows * classes, () => spread * next());
  return [z, Int32Array.from({ length: rows }, (_, i) => (i * 7 + seed) % classes)];
}

/** loss, probabilities and the lowest class of the greatest logit of one row, in f64. */
function exactRow(z: Float32Array, label: number): { loss: number; p: number[]; best: number } {
  const greatest = Math.max(...z);
  const powers = [...z].map((value) => Math.exp(value - greatest));
  const sum = powers.reduce((a, b) => a + b);
  const loss = Math.log(sum) - (z[label] - greatest);
  return { loss, p: powers.map((power) => power / sum), best: z.indexOf(greatest) };
}

test("the loss and its gradient have their twin's bits for every number of classes, in one pass, in two, in place", (t) => {
  for (const pair of twins) {
    for (const classes of CLASSES) {
      // Of logits 120 apart the powers are 1 down to subnormals and 0.
      for (const [rows, spread] of [
        [0, 6],
        [1, 60],
        [5, 6],
        [11, 60],
      ]) {
        const [z, labels] = rows === 0 ? inputs(0, 1, 1) : inputs(rows, classes, classes, spread);
        const expected = together(pair, pair.reference, z, labels, 37);
        const found = [together(pair, pair.kernels, z, labels, 37)];
        for (const inPlace of [false, true]) found.push(apart(pair, z, labels, 37, inPlace));
        for (const part of ["losses", "correct", "dz"] as const) {
          for (const [i, { [part]: values }] of found.entries()) {
            t.is(
              difference(values, expected[part]),
              undefined,
              `${pair.engine} ${part} ${rows} × ${classes}, form ${i}`,
            );
          }
        }
      }
    }
  }
});

test("the one-pass form may write dz over z", (t) => {
  for (const pair of twins) {
    const [z, labels] = inputs(5, 10, 3);
    const expected = together(pair, pair.kernels, z, labels, 5);
    const [losses, correct, dz] = run(pair.memory, [...empty(5), z, labels], (losses, correct, z, labels) =>
      pair.kernels.crossEntropyWithGradient(z, losses, correct, z, labels, 5, 10, 5),
    );
    t.is(difference(losses, expected.losses), undefined);
    t.is(difference(correct, expected.correct), undefined);
    t.is(difference(dz, expected.dz), undefined);
  }
});

test("losses and gradients are those of f64 within a few ulp, and correct says whether the label is the best class", (t) => {
  for (const pair of twins) {
    for (const classes of [2, 10, 1003]) {
      const [z, labels] = inputs(20, classes, classes + 1);
      const { losses, correct, dz } = together(pair, pair.kernels, z, labels, 20);
      for (const [i, label] of labels.entries()) {
        const row = z.subarray(i * classes, (i + 1) * classes);
        const { loss, p, best } = exactRow(row, label);
        t.true(
          Math.abs(losses[i] - loss) <= 2e-6 * Math.max(1, loss),
          `loss ${losses[i]} instead of ${loss}`,
        );
        t.is(correct[i], best === label ? 1 : 0);
        for (const [j, probability] of p.entries()) {
          const want = (probability - (j === label ? 1 : 0)) / 20;
          t.true(
            Math.abs(dz[i * classes + j] - want) <= 2e-8,
            `dz ${dz[i * classes + j]} instead of ${want}`,
          );
        }
      }
    }
  }
});

test("large logits neither overflow nor lose the loss", (t) => {
  for (const pair of twins) {
    const { losses, dz } = together(
      pair,
      pair.kernels,
      Float32Array.of(3e38, -3e38, 1e4, 9990),
      Int32Array.of(0, 1),
      2,
    );
    t.deepEqual(
      [...losses],
      [0, Math.fround(10.000045776367188)].map((x) => x),
      `${pair.engine}`,
    );
    t.deepEqual([...dz].slice(0, 2), [0, 0]);
  }
});

test("of equal logits the lowest class is the best", (t) => {
  for (const pair of twins) {
    const z = new Float32Array(3 * 6).fill(1.5);
    z.set([0, 7, 1, 2, 3, 7], 12);
    const { correct } = together(pair, pair.kernels, z, Int32Array.of(0, 1, 5), 3);
    t.deepEqual([...correct], [1, 0, 0], pair.engine);
  }
});

test("a NaN anywhere in a row makes its loss and gradient NaN and is not correct, and leaves the other rows alone", (t) => {
  for (const pair of twins) {
    for (let place = 0; place < 11; place++) {
      const [z, labels] = inputs(3, 11, 5);
      const clean = together(pair, pair.kernels, z, labels, 3);
      z[11 + place] = Number.NaN;
      labels[1] = z
        .subarray(11, 22)
        .reduce((best, value, j) => (value > z[11 + best] ? j : best), place === 0 ? 1 : 0);
      for (const { losses, correct, dz } of [
        together(pair, pair.kernels, z, labels, 3),
        apart(pair, z, labels, 3, false),
      ]) {
        t.true(Number.isNaN(losses[1]));
        t.is(correct[1], 0);
        t.true([...dz.slice(11, 22)].every(Number.isNaN));
        for (const i of [0, 2]) t.is(losses[i], clean.losses[i]);
      }
    }
  }
});

test("dz is scaled by fround(1 / batch), the batch of the step and not of the call", (t) => {
  const { kernels, memory, engine } = twins[0];
  for (const batch of [1, 3, 32, 60000]) {
    const [dz] = run(memory, [new Float32Array(2), new Float32Array(2), Int32Array.of(1)], (dz, z, labels) =>
      kernels.crossEntropyGradient(dz, z, labels, 1, 2, batch),
    );
    const s = Math.fround(1 / batch);
    t.deepEqual([...dz], [Math.fround(0.5 * s), Math.fround(-0.5 * s)], `${engine} ${batch}`);
  }
});
