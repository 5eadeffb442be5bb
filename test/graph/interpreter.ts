/** Every op once more, element by element in f64: the slow twin of kernels, lowering and execution together. */

import { elementCount, type Node, type Tensor } from "../../src/graph/tensor.ts";
import type { ActivationName } from "../../src/kernels/abi.ts";
import { erf } from "./erf.ts";

export type Values = Map<Tensor, Float64Array>;
type Evaluate = (inputs: Float64Array[], node: Node, batch: number) => Float64Array[];

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** out[m,n] = Σ over k of a(m, k) · b(k, n). */
function product(
  m: number,
  n: number,
  k: number,
  a: (i: number, p: number) => number,
  b: (p: number, j: number) => number,
) {
  const out = new Float64Array(m * n);
  for (const i of range(m))
    for (const j of range(n)) for (const p of range(k)) out[i * n + j] += a(i, p) * b(p, j);
  return out;
}

const gaussian = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const normal = (x: number) => (1 + erf(x / Math.SQRT2)) / 2;

export const activation: Record<ActivationName, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  gelu: (x) => x * normal(x),
};

/** Derivatives in what the op saves: the output, or for gelu the input. */
const derivative: Record<ActivationName, (saved: number) => number> = {
  relu: (y) => (y > 0 ? 1 : 0),
  sigmoid: (y) => y * (1 - y),
  tanh: (y) => 1 - y * y,
  gelu: (x) => normal(x) + x * gaussian(x),
};

function softmaxRows(z: Float64Array, classes: number): Float64Array[] {
  return range(z.length / classes).map((row) => {
    const logits = z.subarray(row * classes, (row + 1) * classes);
    const top = Math.max(...logits);
    const exponentials = logits.map((logit) => Math.exp(logit - top));
    const sum = exponentials.reduce((total, one) => total + one, 0);
    return exponentials.map((one) => one / sum);
  });
}

const losses: Evaluate = ([z, labels], { inputs }) => {
  const rows = softmaxRows(z, Number(inputs[0].shape[1]));
  const right = rows.map((row, index) => (row.indexOf(Math.max(...row)) === labels[index] ? 1 : 0));
  return [Float64Array.from(rows, (row, index) => -Math.log(row[labels[index]])), Float64Array.from(right)];
};

const lossGradient: Evaluate = ([z, labels], { inputs }, batch) => {
  const classes = Number(inputs[0].shape[1]);
  const rows = softmaxRows(z, classes);
  return [
    Float64Array.from(z, (_, at) => {
      const row = Math.floor(at / classes);
      return (rows[row][at % classes] - (labels[row] === at % classes ? 1 : 0)) / batch;
    }),
  ];
};

function withEpilogue(out: Float64Array, bias: Float64Array | undefined, node: Node): Float64Array {
  const biased = bias ? out.map((value, at) => value + bias[at % bias.length]) : out;
  const name = node.attributes.activation as ActivationName | undefined;
  return name ? biased.map(activation[name]) : biased;
}

const columnsOf = (tensor: Tensor) => Number(tensor.shape[tensor.shape.length - 1]);

const ops: Record<string, Evaluate> = {
  matmul: ([x, w, bias], node) => {
    const [k, n] = node.inputs[1].shape as number[];
    const out = product(
      x.length / k,
      n,
      k,
      (i, p) => x[i * k + p],
      (p, j) => w[p * n + j],
    );
    return [withEpilogue(out, bias, node)];
  },
  matmulInputGradient: ([dY, w, saved], { inputs, attributes }) => {
    const [n, k] = inputs[1].shape as number[];
    const out = product(
      dY.length / k,
      n,
      k,
      (i, p) => dY[i * k + p],
      (p, j) => w[j * k + p],
    );
    const slope = derivative[attributes.activation as ActivationName];
    return [saved ? out.map((value, at) => value * slope(saved[at])) : out];
  },
  matmulParameterGradient: ([x, dY], { inputs }) => {
    const [m, n] = [columnsOf(inputs[0]), columnsOf(inputs[1])];
    return [
      product(
        m,
        n,
        x.length / m,
        (i, p) => x[p * m + i],
        (p, j) => dY[p * n + j],
      ),
    ];
  },
  addBias: ([x, bias]) => [x.map((value, at) => value + bias[at % bias.length])],
  sumSamples: ([dY], { inputs }) => {
    const n = columnsOf(inputs[0]);
    return [
      Float64Array.from(range(n), (j) => range(dY.length / n).reduce((sum, i) => sum + dY[i * n + j], 0)),
    ];
  },
  crossEntropy: losses,
  crossEntropyGradient: lossGradient,
  crossEntropyWithGradient: (inputs, node, batch) => [
    ...lossGradient(inputs, node, batch),
    ...losses(inputs, node, batch),
  ],
  gatherBytes: ([bytes, order], { inputs }) => {
    const width = elementCount(inputs[0].shape.slice(1));
    return [
      Float64Array.from(
        range(order.length * width),
        (at) => bytes[order[Math.floor(at / width)] * width + (at % width)] / 255,
      ),
    ];
  },
  gatherLabels: ([labels, order]) => [order.map((sample) => labels[sample])],
  add: ([a, b]) => [a.map((value, at) => value + b[at])],
  residual: ([a, b]) => [a.map((value, at) => value + b[at])],
  /** Of a test: its input, and the input once more. */
  fork: ([x]) => [x, x.slice()],
};
for (const name of Object.keys(activation) as ActivationName[]) {
  ops[name] = ([x]) => [x.map(activation[name])];
  ops[`${name}Gradient`] = ([saved, dY]) => [dY.map((value, at) => value * derivative[name](saved[at]))];
}

/** Ops that change what is there already; the interpreter leaves updates to their own tests. */
export const knows = (node: Node): boolean => node.op.name in ops;

/** Evaluates `nodes` in order, adding what they make to `values`. */
export function interpret(nodes: readonly Node[], values: Values, batch: number): void {
  for (const node of nodes) {
    const inputs = node.inputs.map((input) => values.get(input) as Float64Array);
    ops[node.op.name](inputs, node, batch).forEach((output, index) => {
      values.set(node.outputs[index], output);
    });
  }
}
