/** Reverse-mode differentiation, graph to graph: adds the nodes that compute the gradients of a loss. */
import { InputError } from "../base/errors.ts";
import { add } from "./ops/sum.ts";
import type { Graph, Node, Tensor } from "./tensor.ts";

/** The tensors that depend on a parameter, each with one such parameter: only they need a gradient. */
function dependents(nodes: readonly Node[]): Map<Tensor, Tensor> {
  const found = new Map<Tensor, Tensor>();
  const parameterOf = (tensor: Tensor) => (tensor.kind === "parameter" ? tensor : found.get(tensor));
  for (const { inputs, outputs } of nodes) {
    const parameter = inputs.map(parameterOf).find((candidate) => candidate !== undefined);
    if (parameter) for (const output of outputs) found.set(output, parameter);
  }
  return found;
}

/** Gradients that arrived at a tensor, by the id of the consumer that sent them. */
type Arrived = Map<Tensor, { consumer: number; gradient: Tensor }[]>;

/** The arrived gradients of `tensor`, added in ascending consumer id (NUMERICS §1.9). */
function total(graph: Graph, arrived: Arrived, tensor: Tensor): Tensor | null {
  const list = (arrived.get(tensor) ?? []).sort((a, b) => a.consumer - b.consumer);
  if (list.length === 0) return null;
  return list
    .map(({ gradient }) => gradient)
    .reduce(
      (sum, next) => graph.apply(add, [sum, next], {}, tensor.kind === "parameter" ? tensor : undefined)[0],
    );
}

/** Sends the gradients of one node to its inputs: one node each, parameters apart from values. */
function differentiateNode(
  graph: Graph,
  node: Node,
  dOutputs: readonly (Tensor | null)[],
  needed: ReadonlyMap<Tensor, Tensor>,
  arrived: Arrived,
): void {
  node.inputs.forEach((input, index) => {
    const isParameter = input.kind === "parameter";
    const learner = isParameter ? input : needed.get(input);
    if (!learner) return;
    const rule = isParameter ? node.op.parameterGradient : node.op.inputGradient;
    if (!rule)
      throw new InputError(
        "no-gradient",
        `${learner.name} would not learn: ${node.op.name} has no gradient for its input ${index} (${input.name})`,
        "use the op on the way of the data only, or add the gradient to the op's file",
      );
    const gradient = rule(graph, node, dOutputs, index);
    arrived.set(input, [...(arrived.get(input) ?? []), { consumer: node.id, gradient }]);
  });
}

/**
 * Adds the gradient nodes of the node `loss`; returns the gradient of every parameter. Throws an InputError for a parameter
 * that the loss does not depend on, or that an op without a gradient lies before.
 */
export function differentiate(graph: Graph, loss: Node): Map<Tensor, Tensor> {
  const forward = graph.nodes.slice(0, loss.id + 1);
  const parameters = graph.tensors.filter(({ kind }) => kind === "parameter");
  const needed = dependents(forward);
  const arrived: Arrived = new Map();
  for (const node of forward.toReversed()) {
    const dOutputs = node.outputs.map((output) => total(graph, arrived, output));
    if (node === loss || dOutputs.some((dOutput) => dOutput !== null))
      differentiateNode(graph, node, dOutputs, needed, arrived);
  }
  const gradients = new Map<Tensor, Tensor>();
  for (const parameter of parameters) {
    const gradient = total(graph, arrived, parameter);
    if (!gradient)
      throw new InputError(
        "unused-parameter",
        `the loss does not depend on ${parameter.name}: it would never learn`,
        "use what its layer returns, or leave the layer out",
      );
    gradients.set(parameter, gradient);
  }
  return gradients;
}
