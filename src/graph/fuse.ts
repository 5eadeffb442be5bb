/** Fusion: rewrites of a list of nodes into fewer nodes with the same operations, so with the same bits. */
import type { ActivationName } from "../kernels/abi.ts";
import { activations } from "./ops/activation.ts";
import { addBias } from "./ops/bias.ts";
import { crossEntropy, crossEntropyGradient, crossEntropyWithGradient } from "./ops/loss.ts";
import { matmul } from "./ops/matmul.ts";
import type { Node, Tensor } from "./tensor.ts";

type Rewrite = (nodes: readonly Node[]) => Node[];

/** The only consumer of a tensor, or null. */
function onlyConsumer(nodes: readonly Node[], tensor: Tensor): Node | null {
  const consumers = nodes.filter(({ inputs }) => inputs.includes(tensor));
  return consumers.length === 1 ? consumers[0] : null;
}

/** Replaces `first` by `fused` and drops `second`, whose outputs `fused` now makes. */
function merge(nodes: readonly Node[], first: Node, second: Node, fused: Omit<Node, "id">): Node[] {
  return nodes.flatMap((node) => {
    if (node === first) return [{ ...fused, id: first.id }];
    return node === second ? [] : [node];
  });
}

/** product → bias  ⟹  product with a bias in its epilogue. */
const biasIntoProduct: Rewrite = (nodes) => {
  for (const product of nodes) {
    if (product.op !== matmul || product.inputs.length > 2) continue;
    const next = onlyConsumer(nodes, product.outputs[0]);
    if (next?.op !== addBias) continue;
    const inputs = [...product.inputs, next.inputs[1]];
    return biasIntoProduct(merge(nodes, product, next, { ...product, inputs, outputs: next.outputs }));
  }
  return [...nodes];
};

/** product → activation  ⟹  product with the activation in its epilogue, if nobody else needs the input. */
const activationIntoProduct: Rewrite = (nodes) => {
  for (const product of nodes) {
    if (product.op !== matmul || product.attributes.activation) continue;
    const next = onlyConsumer(nodes, product.outputs[0]);
    if (!next || activations[next.op.name as ActivationName] !== next.op) continue;
    const attributes = { ...product.attributes, activation: next.op.name };
    return activationIntoProduct(
      merge(nodes, product, next, { ...product, attributes, outputs: next.outputs }),
    );
  }
  return [...nodes];
};

/** loss and its gradient  ⟹  one pass over the logits. */
const lossWithGradient: Rewrite = (nodes) => {
  const loss = nodes.find(({ op }) => op === crossEntropy);
  const gradient = nodes.find(
    ({ op, inputs }) => op === crossEntropyGradient && inputs[0] === loss?.inputs[0],
  );
  if (!loss || !gradient) return [...nodes];
  const outputs = [...gradient.outputs, ...loss.outputs];
  return merge(nodes, loss, gradient, { ...loss, op: crossEntropyWithGradient, outputs });
};

/** All fusions, each until it finds nothing more. */
export function fuse(nodes: readonly Node[]): Node[] {
  return [biasIntoProduct, activationIntoProduct, lossWithGradient].reduce<Node[]>(
    (list, rewrite) => rewrite(list),
    [...nodes],
  );
}
