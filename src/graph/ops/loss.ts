/** Softmax with cross-entropy: the loss of every sample, whether its argmax is right, and the gradient of the mean. */
import { InputError } from "../../base/errors.ts";
import type { Axes, Cost, Op } from "../op.ts";
import { rowWidth, type Tensor } from "../tensor.ts";
import { input, length, output } from "./operand.ts";

const axes = (outputs: readonly (readonly string[])[]): Axes => ({
  roles: { m: "row", n: "whole" },
  inputs: [["m", "n"], ["m"]],
  outputs,
});
const cost = (length: (axis: string) => number): Cost => ({
  flops: 25 * length("m") * length("n"),
  bytes: 8 * length("m") * length("n"),
  chain: length("n"),
});

function checkLogits(z: Tensor): void {
  if (z.shape.length !== 2 || z.shape[0] !== "batch")
    throw new InputError(
      "shape-mismatch",
      `the loss was given [${z.shape}]`,
      "give it logits [batch, classes]",
    );
}

/** (losses[m], correct[m]) of logits z[m,n] and labels[m]. */
export const crossEntropy: Op = {
  name: "crossEntropy",
  kind: "forward",
  placement: "split",
  outputs([z]) {
    checkLogits(z);
    return [
      { shape: ["batch"], type: "f32" },
      { shape: ["batch"], type: "i32" },
    ];
  },
  axes: () => axes([["m"], ["m"]]),
  inputGradient: (graph, { inputs }) => graph.apply(crossEntropyGradient, inputs)[0],
  call: ({ inputs }) => ({
    kernel: "crossEntropy",
    operands: [output(0), output(1), input(0), input(1), length("m"), rowWidth(inputs[0].shape)],
  }),
  cost,
};

/** dz = (softmax(z) − onehot(labels)) · fround(1 / samples of this step) (NUMERICS §1.7). */
export const crossEntropyGradient: Op = {
  name: "crossEntropyGradient",
  kind: "dX",
  placement: "split",
  inPlace: [0, 0],
  outputs: ([z]) => [{ shape: z.shape, type: "f32" }],
  axes: () => axes([["m", "n"]]),
  call: ({ inputs }) => ({
    kernel: "crossEntropyGradient",
    operands: [output(0), input(0), input(1), length("m"), rowWidth(inputs[0].shape), length("batch")],
  }),
  cost,
};

/** Both in one pass over the logits: what fusion makes of the two. Outputs (dz, losses, correct). */
export const crossEntropyWithGradient: Op = {
  name: "crossEntropyWithGradient",
  kind: "forward",
  placement: "split",
  inPlace: [0, 0],
  outputs: ([z]) => [
    { shape: z.shape, type: "f32" },
    { shape: ["batch"], type: "f32" },
    { shape: ["batch"], type: "i32" },
  ],
  axes: () => axes([["m", "n"], ["m"], ["m"]]),
  call({ inputs }) {
    const classes = rowWidth(inputs[0].shape);
    const sizes = [length("m"), classes, length("batch")];
    return {
      kernel: "crossEntropyWithGradient",
      operands: [output(0), output(1), output(2), input(0), input(1), ...sizes],
    };
  },
  cost,
};
