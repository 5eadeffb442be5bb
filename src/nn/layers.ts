/** Layers: what a model function is written with. Each adds nodes to the graph of its input. */
import { InputError } from "../base/errors.ts";
import { activations } from "../graph/ops/activation.ts";
import { addBias } from "../graph/ops/bias.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { residual } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { linearInitial } from "./initialisers.ts";

/**
 * y = x · W + b with W [inputs, units] and b [units]; x is [batch, inputs].
 * Parameters are named `linear1.weight`, `linear1.bias`, … in the order of the calls.
 * Throws an InputError where `units` is not a whole number ≥ 1.
 */
export function linear(x: Tensor, units: number, options: { bias?: boolean } = {}): Tensor {
  if (!Number.isSafeInteger(units) || units < 1)
    throw new InputError(
      "bad-units",
      `a linear layer cannot have ${units} units`,
      "give a whole number of at least 1",
    );
  const inputs = Number(x.shape[1]);
  const name = x.graph.layer("linear");
  const weight = x.graph.parameter(name, "weight", [inputs, units], linearInitial(inputs));
  const [product] = x.graph.apply(matmul, [x, weight]);
  if (options.bias === false) return product;
  const bias = x.graph.parameter(name, "bias", [units], linearInitial(inputs));
  return x.graph.apply(addBias, [product, bias])[0];
}

/** max(x, 0) */
export const relu = (x: Tensor): Tensor => x.graph.apply(activations.relu, [x])[0];
/** 1 / (1 + e⁻ˣ) */
export const sigmoid = (x: Tensor): Tensor => x.graph.apply(activations.sigmoid, [x])[0];
export const tanh = (x: Tensor): Tensor => x.graph.apply(activations.tanh, [x])[0];
/** x · Φ(x), the erf form */
export const gelu = (x: Tensor): Tensor => x.graph.apply(activations.gelu, [x])[0];
/** a + b, of one shape: a residual connection. */
export const add = (a: Tensor, b: Tensor): Tensor => a.graph.apply(residual, [a, b])[0];
