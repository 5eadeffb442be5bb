/** How parameters start: as torch.nn.Linear's do (NUMERICS §2.0). */
import type { Initial } from "../graph/tensor.ts";

/** Uniform in ±1/√inputs, for weights and biases alike. */
export function linearInitial(inputs: number): Initial {
  return { uniform: 1 / Math.sqrt(inputs) };
}
