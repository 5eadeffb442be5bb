/** Matrix products of a linear layer: forward, gradient of the input, gradient of the weights. */
import { InputError } from "../../base/errors.ts";
import { ACTIVATION, ACTIVATION_GRADIENT, type ActivationName } from "../../kernels/abi.ts";
import type { Cost, Op } from "../op.ts";
import { rowWidth, type Tensor } from "../tensor.ts";
import { input, length, output } from "./operand.ts";

function gemmCost(length: (axis: string) => number): Cost {
  const [m, n, k] = [length("m"), length("n"), length("k")];
  return { flops: 2 * m * n * k, bytes: 4 * (m * n + m * k + k * n), chain: k };
}

function checkWidths(x: Tensor, w: Tensor): void {
  if (x.shape.length !== 2 || w.shape.length !== 2 || x.shape[1] !== w.shape[0])
    throw new InputError(
      "shape-mismatch",
      `a linear layer with weights [${w.shape}] was given [${x.shape}]`,
      "make the weights' first extent the input's second",
    );
}

/** y[m,n] = activation(x[m,k] · w[k,n] + bias[n]); the bias is optional, `activation` an attribute that fusion sets. */
export const matmul: Op = {
  name: "matmul",
  kind: "forward",
  placement: "split",
  outputs([x, w]) {
    checkWidths(x, w);
    return [{ shape: [x.shape[0], w.shape[1]], type: "f32" }];
  },
  axes: ({ inputs }) => ({
    roles: { m: "row", n: "row", k: "chain" },
    inputs: [["m", "k"], ["k", "n"], ["n"]].slice(0, inputs.length),
    outputs: [["m", "n"]],
  }),
  inputGradient: (graph, { inputs }, [dY]) => graph.apply(matmulInputGradient, [dY!, inputs[1]])[0],
  parameterGradient: (graph, { inputs }, [dY]) =>
    graph.apply(matmulParameterGradient, [inputs[0], dY!], {}, inputs[1])[0],
  call({ inputs, attributes }) {
    const [k, n] = inputs[1].shape as number[];
    const activation = ACTIVATION[(attributes.activation as keyof typeof ACTIVATION) ?? "none"];
    const bias = inputs.length > 2 ? input(2) : 0;
    const scratch = { scratch: "gemm", m: length("m"), n, k } as const;
    return {
      kernel: "gemmNN",
      operands: [output(0), input(0), input(1), bias, length("m"), n, k, n, k, n, 0, activation, scratch],
    };
  },
  cost: gemmCost,
};

/**
 * dx[m,n] = dy[m,k] · wᵀ, w stored [n,k]; fusion adds an attribute `activation` and a third input, what it saved [m,n], and
 * makes it the gradient of that activation's input.
 */
export const matmulInputGradient: Op = {
  name: "matmulInputGradient",
  kind: "dX",
  placement: "split",
  outputs: ([dY, w]) => [{ shape: [dY.shape[0], w.shape[0]], type: "f32" }],
  axes: ({ inputs }) => ({
    roles: { m: "row", n: "row", k: "chain" },
    inputs: [
      ["m", "k"],
      ["n", "k"],
      ["m", "n"],
    ].slice(0, inputs.length),
    outputs: [["m", "n"]],
  }),
  call({ inputs, attributes }) {
    const [n, k] = inputs[1].shape as number[];
    const saved = inputs.length > 2 ? input(2) : 0;
    const activation = saved ? ACTIVATION_GRADIENT[attributes.activation as ActivationName] : 0;
    const scratch = { scratch: "gemm", m: length("m"), n, k } as const;
    return {
      kernel: "gemmNT",
      operands: [output(0), input(0), input(1), saved, length("m"), n, k, n, k, k, 0, activation, scratch],
    };
  },
  cost: gemmCost,
};

/** dw[m,n] = xᵀ · dy, x stored [k,m], samples k ascending. */
export const matmulParameterGradient: Op = {
  name: "matmulParameterGradient",
  kind: "dW",
  placement: "split",
  outputs: ([x, dY]) => [{ shape: [x.shape[1], dY.shape[1]], type: "f32" }],
  axes: () => ({
    roles: { m: "row", n: "row", k: "chain" },
    inputs: [
      ["k", "m"],
      ["k", "n"],
    ],
    outputs: [["m", "n"]],
  }),
  call({ inputs }) {
    const [m, n] = [rowWidth(inputs[0].shape), rowWidth(inputs[1].shape)];
    const scratch = { scratch: "gemm", m: length("m"), n, k: length("k") } as const;
    return {
      kernel: "gemmTN",
      operands: [output(0), input(0), input(1), 0, length("m"), n, length("k"), n, m, n, 0, 0, scratch],
    };
  },
  cost: gemmCost,
};
