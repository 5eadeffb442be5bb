/** The optimizers' updates, in place, by the owner of each slice of a parameter. */
import type { Axes, Op, Operand } from "../op.ts";
import type { Node } from "../tensor.ts";
import { elements, input, length, stride } from "./operand.ts";

/** Inputs: the `states + 2` tensors of the parameter's shape (w, states…, g), then the hyperparameter block. */
function update(name: "sgd" | "momentum" | "adam", states: number, flops: number): Op {
  const tensors = states + 2;
  return {
    name,
    kind: "update",
    placement: "split",
    takesColumns: "apart",
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

const FUSED_KERNELS = { sgd: "gemmTNSgd", momentum: "gemmTNMomentum", adam: "gemmTNAdam" } as const;

/** A product that is a gradient, taken on to the update of its parameter: inputs (w, states…, x, dY, hyper). */
function updateByProduct(name: keyof typeof FUSED_KERNELS, states: number, flops: number): Op {
  const written = Array.from({ length: states + 1 }, (_, index) => index);
  return {
    name: `matmul+${name}`,
    kind: "update",
    placement: "split",
    takesColumns: "strided",
    writes: written,
    outputs: () => [],
    axes: () => ({
      roles: { m: "row", n: "row", k: "chain" },
      inputs: [...written.map(() => ["m", "n"]), ["k", "m"], ["k", "n"], []],
      outputs: [],
    }),
    call() {
      const addresses = Array.from({ length: states + 4 }, (_, index) => input(index));
      const sizes = [length("m"), length("n"), length("k")] as const;
      const strides = [stride("input", states + 1), stride("input", states + 2)];
      const [m, n, k] = sizes;
      const scratch: Operand = { scratch: "updateScratchBytes", m, n, k };
      return { kernel: FUSED_KERNELS[name], operands: [...addresses, ...sizes, ...strides, scratch] };
    },
    cost(length) {
      const [m, n, k] = [length("m"), length("n"), length("k")];
      return {
        flops: (2 * k + flops) * m * n,
        bytes: 4 * (2 * (states + 1) * m * n + m * k + k * n),
        chain: k,
      };
    },
  };
}

/** By the name of an update: it and the product before it in one. */
export const updatesByProduct: Readonly<Record<string, Op>> = {
  sgd: updateByProduct("sgd", 0, 4),
  momentum: updateByProduct("momentum", 1, 6),
  adam: updateByProduct("adam", 2, 16),
};

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
