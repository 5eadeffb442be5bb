/** From gradients to updated parameters: clipping, then the optimizer's update of each parameter. */
import type { GraphBuilder } from "../graph/builder.ts";
import { addSquares, clipFactor, scaleGradient, squaredNorms, sumSquares } from "../graph/ops/clip.ts";
import { adamAdvance, updates } from "../graph/ops/update.ts";
import type { Tensor } from "../graph/tensor.ts";

export type OptimizerName = keyof typeof updates;
export const OPTIMIZER_STATES: Record<OptimizerName, readonly string[]> = {
  sgd: [],
  momentum: ["velocity"],
  adam: ["mean", "variance"],
};

/** Scales every gradient by min(1, limit / global norm). `limit` is one f32. */
export function clipGradients(graph: GraphBuilder, gradients: Map<Tensor, Tensor>, limit: Tensor): void {
  const squares = [...gradients.values()].map((gradient) => graph.apply(squaredNorms, [gradient])[0]);
  const [total] = graph.apply(sumSquares, [squares[0]]);
  for (const more of squares.slice(1)) graph.apply(addSquares, [total, more]);
  const [factor] = graph.apply(clipFactor, [total, limit]);
  for (const gradient of gradients.values()) graph.apply(scaleGradient, [gradient, factor]);
}

/** Updates every parameter in place; `hyper` is a HYPER block. */
export function updateParameters(
  graph: GraphBuilder,
  optimizer: OptimizerName,
  gradients: Map<Tensor, Tensor>,
  hyper: Tensor,
): void {
  if (optimizer === "adam") graph.apply(adamAdvance, [hyper]);
  for (const [parameter, gradient] of gradients) {
    const states = OPTIMIZER_STATES[optimizer].map((part) => graph.state(parameter, part));
    graph.apply(updates[optimizer], [parameter, ...states, gradient, hyper]);
  }
}
