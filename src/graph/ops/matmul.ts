/** Matrix products of a linear layer: forward, gradient of the input, gradient of the weights. */
import { InputError } from "../../base/errors.ts";
import { ACTIVATION, ACTIVATION_GRADIENT, type ActivationName } from "../../kernels/abi.ts";
import type { Cost, KernelCall, Op, Operand } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { atTheEnd, input, length, output, stride } from "./operand.ts";

function gemmCost(length: (axis: string) => number): Cost {
  const [m, n, k] = [length("m"), length("n"), length("k")];
  return { flops: 2 * m * n * k, bytes: 4 * (m * n + m * k + k * n), chain: k };
}

/** The call of a product of inputs 0 and 1, in the order of the ABI. */
function gemm(kernel: "gemmNN" | "gemmNT" | "gemmTN", operand: Operand, activation: number): KernelCall {
  const sizes = [length("m"), length("n"), length("k")] as const;
  const strides = [stride("output", 0), stride("input", 0), stride("input", 1)];
  const scratch: Operand = { scratch: "gemmScratchBytes", m: sizes[0], n: sizes[1], k: sizes[2] };
  return {
    kernel,
    operands: [
      ...[output(0), input(0), input(1), atTheEnd(operand)],
      ...sizes,
      ...strides,
      ...[{ continues: true } as const, atTheEnd(activation), scratch],
    ],
  };
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
  takesColumns: "strided",
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
    const activation = ACTIVATION[(attributes.activation as keyof typeof ACTIVATION) ?? "none"];
    const bias = inputs.length > 2 ? input(2) : 0;
    return gemm("gemmNN", bias, activation);
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
  takesColumns: "strided",
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
    const saved = inputs.length > 2 ? input(2) : 0;
    const activation = saved ? ACTIVATION_GRADIENT[attributes.activation as ActivationName] : 0;
    return gemm("gemmNT", saved, activation);
  },
  cost: gemmCost,
};

/** dw[m,n] = xᵀ · dy, x stored [k,m], samples k ascending. */
export const matmulParameterGradient: Op = {
  name: "matmulParameterGradient",
  kind: "dW",
  placement: "split",
  takesColumns: "strided",
  outputs: ([x, dY]) => [{ shape: [x.shape[1], dY.shape[1]], type: "f32" }],
  axes: () => ({
    roles: { m: "row", n: "row", k: "chain" },
    inputs: [
      ["k", "m"],
      ["k", "n"],
    ],
    outputs: [["m", "n"]],
  }),
  call: () => gemm("gemmTN", 0, 0),
  cost: gemmCost,
};
