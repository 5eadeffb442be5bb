/** What fusion has put into a product's epilogue, as ops of their own again: where others must add to the product before. */
import type { ActivationName } from "../kernels/abi.ts";
import type { Op } from "./op.ts";
import { activationGradient, activations } from "./ops/activation.ts";
import { addBias } from "./ops/bias.ts";
import { matmul, matmulInputGradient } from "./ops/matmul.ts";
import type { Node, Tensor } from "./tensor.ts";

/** An op that goes on with a value, and all its inputs. */
export type Continuation = (value: Tensor) => { readonly op: Op; readonly inputs: readonly Tensor[] };

/** Whether a node is a product whose epilogue is known here. */
export const isProduct = ({ op }: Node): boolean => op === matmul || op === matmulInputGradient;

/** What follows the sums of a product, in order: the same operations as in one call. */
export function epilogueOf({ op, inputs, attributes }: Node): Continuation[] {
  const [, , other] = inputs;
  const activation = attributes.activation as ActivationName | undefined;
  if (op === matmulInputGradient)
    return activation && other
      ? [(value) => ({ op: activationGradient(activation), inputs: [other, value] })]
      : [];
  return [
    ...(other ? [(value: Tensor) => ({ op: addBias, inputs: [value, other] })] : []),
    ...(activation ? [(value: Tensor) => ({ op: activations[activation], inputs: [value] })] : []),
  ];
}
