/** Fusion: rewrites of a list of nodes into fewer nodes with the same operations, so with the same bits. */
import type { ActivationName } from "../kernels/abi.ts";
import type { Op } from "./op.ts";
import { activations, gradientOf } from "./ops/activation.ts";
import { addBias } from "./ops/bias.ts";
import { crossEntropy, crossEntropyGradient, crossEntropyWithGradient } from "./ops/loss.ts";
import { matmul, matmulInputGradient, matmulParameterGradient } from "./ops/matmul.ts";
import { updates, updatesByProduct } from "./ops/update.ts";
import type { Node, Tensor } from "./tensor.ts";

type Rewrite = (nodes: readonly Node[]) => Node[];

/** By tensor: the nodes that read it. */
function consumers(nodes: readonly Node[]): Map<Tensor, Node[]> {
  const found = new Map<Tensor, Node[]>();
  for (const node of nodes)
    for (const input of new Set(node.inputs)) {
      const list = found.get(input);
      if (list) list.push(node);
      else found.set(input, [node]);
    }
  return found;
}

/**
 * Lets every product of kind `op` absorb the node that follows it, where `absorb` makes one of the two, in the place of the
 * second. The product's own output is gone then, so nobody else may read it, and it may not be one that is kept.
 */
function absorbing(op: Op, absorb: (product: Node, next: Node) => Node | null): Rewrite {
  return (nodes) => {
    const readers = consumers(nodes);
    const absorbed = new Set<Node>();
    const fused = new Map<Node, Node>();
    for (const product of nodes) {
      const [output] = product.outputs;
      if (product.op !== op || output.kind !== "value") continue;
      const [next, ...others] = readers.get(output) ?? [];
      const both = next && others.length === 0 ? absorb(product, next) : null;
      if (!both) continue;
      absorbed.add(product);
      fused.set(next, both);
    }
    return nodes.filter((node) => !absorbed.has(node)).map((node) => fused.get(node) ?? node);
  };
}

/** product → bias  ⟹  product with a bias in its epilogue. */
const biasIntoProduct = absorbing(matmul, (product, next) => {
  if (next.op !== addBias || product.inputs.length > 2) return null;
  return { ...product, inputs: [...product.inputs, next.inputs[1]], outputs: next.outputs };
});

/** product → activation  ⟹  product with the activation in its epilogue, if nobody else needs the input. */
const activationIntoProduct = absorbing(matmul, (product, next) => {
  if (activations[next.op.name as ActivationName] !== next.op || product.attributes.activation) return null;
  const attributes = { ...product.attributes, activation: next.op.name };
  return { ...product, attributes, outputs: next.outputs };
});

/** gradient of an activation's output → gradient of its input  ⟹  the former with f′ in its epilogue. */
const gradientIntoProduct = absorbing(matmulInputGradient, (product, next) => {
  const activation = gradientOf(next.op);
  const [saved, dY] = next.inputs;
  if (!activation || dY !== product.outputs[0] || saved === dY) return null;
  const attributes = { ...product.attributes, activation };
  return { ...product, attributes, inputs: [...product.inputs, saved], outputs: next.outputs };
});

/** gradient of a matrix → its update  ⟹  both in one, if nothing else needs the gradient (NUMERICS §4.20). */
const updateIntoProduct = (isKept: (parameter: Tensor) => boolean): Rewrite =>
  absorbing(matmulParameterGradient, (product, next) => {
    if (isKept(product.outputs[0].of as Tensor)) return null;
    const op =
      updates[next.op.name as keyof typeof updates] === next.op ? updatesByProduct[next.op.name] : null;
    if (!op) return null;
    const [written, [gradient, hyper]] = [next.inputs.slice(0, -2), next.inputs.slice(-2)];
    if (gradient !== product.outputs[0]) return null;
    return { ...next, op, inputs: [...written, ...product.inputs, hyper] };
  });

/** loss and its gradient  ⟹  one pass over the logits. */
const lossWithGradient: Rewrite = (nodes) => {
  const loss = nodes.find(({ op }) => op === crossEntropy);
  const gradient = nodes.find(
    ({ op, inputs }) =>
      op === crossEntropyGradient && inputs.every((input, index) => input === loss?.inputs[index]),
  );
  if (!loss || !gradient) return [...nodes];
  const outputs = [...gradient.outputs, ...loss.outputs];
  const fused: Node = { ...loss, op: crossEntropyWithGradient, outputs };
  return nodes.map((node) => (node === loss ? fused : node)).filter((node) => node !== gradient);
};

/** The list after all fusions. The gradients of parameters that are `isKept` stay values of their own: others add to them. */
export function fuse(nodes: readonly Node[], isKept: (parameter: Tensor) => boolean = () => false): Node[] {
  const rewrites = [
    biasIntoProduct,
    activationIntoProduct,
    gradientIntoProduct,
    updateIntoProduct(isKept),
    lossWithGradient,
  ];
  return rewrites.reduce<Node[]>((list, rewrite) => rewrite(list), [...nodes]);
}
