/** Reverse-mode differentiation, graph to graph: adds the nodes that compute the gradients of a loss. */
import { InputError } from "../base/errors.ts";
import { add } from "./ops/sum.ts";
import type { Graph, Node, Tensor } from "./tensor.ts";

/** Which tensors depend on a parameter: only they need a gradient. */
function dependents(nodes: readonly Node[]): Set<Tensor> {
  const found = new Set<Tensor>();
  for (const { inputs, outputs } of nodes)
    if (inputs.some((input) => input.kind === "parameter" || found.has(input)))
      for (const output of outputs) found.add(output);
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
  dOutput: Tensor | null,
  needed: Set<Tensor>,
  arrived: Arrived,
): void {
  node.inputs.forEach((input, index) => {
    const isParameter = input.kind === "parameter";
    if (!isParameter && !needed.has(input)) return;
    const rule = isParameter ? node.op.parameterGradient : node.op.inputGradient;
    if (!rule)
      throw new InputError(
        "no-gradient",
        `${node.op.name} has no gradient for ${input.name}`,
        "use it on the way of the data only, or add the gradient to the op's file",
      );
    const gradient = rule(graph, node, dOutput as Tensor, index);
    arrived.set(input, [...(arrived.get(input) ?? []), { consumer: node.id, gradient }]);
  });
}

/** Adds the gradient nodes of the node `loss`; returns the gradient of every parameter that the loss depends on. */
export function differentiate(graph: Graph, loss: Node): Map<Tensor, Tensor> {
  const forward = graph.nodes.slice(0, loss.id + 1);
  const needed = dependents(forward);
  const arrived: Arrived = new Map();
  for (const node of forward.toReversed()) {
    const dOutput = node === loss ? null : total(graph, arrived, node.outputs[0]);
    if (node === loss || dOutput) differentiateNode(graph, node, dOutput, needed, arrived);
  }
  const gradients = new Map<Tensor, Tensor>();
  for (const tensor of graph.tensors.slice()) {
    const gradient = tensor.kind === "parameter" ? total(graph, arrived, tensor) : null;
    if (gradient) gradients.set(tensor, gradient);
  }
  return gradients;
}
