/** The optimizers' updates, in place, by the owner of each slice of a parameter. */
import type { Axes, Op } from "../op.ts";
import type { Node } from "../tensor.ts";
import { elements, input } from "./operand.ts";

/** Inputs: the `states + 2` tensors of the parameter's shape (w, states…, g), then the hyperparameter block. */
function update(name: "sgd" | "momentum" | "adam", states: number, flops: number): Op {
  const tensors = states + 2;
  return {
    name,
    kind: "update",
    placement: "split",
    writes: Array.from({ length: states + 1 }, (_, index) => index),
    outputs: () => [],
    axes({ inputs }: Node): Axes {
      const axes = ["m", "n"].slice(0, inputs[0].shape.length);
      return { roles: { m: "row", n: "row" }, inputs: [...Array(tensors).fill(axes), []], outputs: [] };
    },
    call() {
      const addresses = Array.from({ length: tensors + 1 }, (_, index) => input(index));
      return { kernel: name, operands: [...addresses, elements("input", 0)] };
    },
    cost: (length) => ({
      flops: flops * length("m") * length("n"),
      bytes: 4 * (tensors + states + 1) * length("m") * length("n"),
      chain: 0,
    }),
  };
}

export const updates = {
  sgd: update("sgd", 0, 4),
  momentum: update("momentum", 1, 6),
  adam: update("adam", 2, 16),
} as const;

/** Takes Adam's running β products one step on; rank 0 does it before the barrier that all updates follow. */
export const adamAdvance: Op = {
  name: "adamAdvance",
  kind: "forward",
  placement: "first",
  writes: [0],
  outputs: () => [],
  axes: () => ({ roles: {}, inputs: [[]], outputs: [] }),
  call: () => ({ kernel: "adamAdvance", operands: [input(0)] }),
  cost: () => ({ flops: 8, bytes: 64, chain: 0 }),
};
