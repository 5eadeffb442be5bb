/** What a model is, and the multi-layer perceptron as one use of it. */
import type { Tensor } from "../graph/tensor.ts";
import type { ActivationName } from "../kernels/abi.ts";
import { gelu, linear, relu, sigmoid, tanh } from "./layers.ts";

/** From samples [batch, width] to logits [batch, classes]. */
export type Model = (x: Tensor, classes: number) => Tensor;

const functions: Record<ActivationName, (x: Tensor) => Tensor> = { relu, sigmoid, tanh, gelu };

/** `hidden` layers of these widths, each followed by the activation, then a linear layer to the classes. */
export function mlp(hidden: readonly number[], activation: ActivationName): Model {
  return (x, classes) =>
    linear(
      hidden.reduce((value, units) => functions[activation](linear(value, units)), x),
      classes,
    );
}
