/** Sums that are not products: of gradients that meet, and of a step's losses. */
import { InputError } from "../../base/errors.ts";
import type { Op } from "../op.ts";
import { elements, input, length, output } from "./operand.ts";

/** a + b: where a value has several consumers, their gradients are added in ascending consumer id (NUMERICS §1.9). */
export const add: Op = {
  name: "add",
  kind: "dX",
  placement: "split",
  takesColumns: "apart",
  inPlace: [0, 0],
  outputs([a, b]) {
    if (`${a.shape}` !== `${b.shape}`)
      throw new InputError(
        "shape-mismatch",
        `a sum was given [${a.shape}] and [${b.shape}]`,
        "give it two tensors of one shape",
      );
    return [{ shape: a.shape, type: "f32" }];
  },
  axes: ({ inputs }) => {
    const names = ["m", "n"].slice(0, inputs[0].shape.length);
    return { roles: { m: "row", n: "row" }, inputs: [names, names], outputs: [names] };
  },
  call: () => ({ kernel: "add", operands: [output(0), input(0), input(1), elements("output", 0)] }),
  cost: (length) => ({ flops: length("m") * length("n"), bytes: 12 * length("m") * length("n"), chain: 0 }),
};

/** The same sum on the way forward: a residual connection. */
export const residual: Op = {
  ...add,
  name: "residual",
  kind: "forward",
  inputGradient: (_graph, _node, [dY]) => dY!,
};

/** total (f64) = Σ losses, or total += Σ losses with attribute `continues`; one thread, ascending (NUMERICS §1.6). */
export const sumLosses: Op = {
  name: "sumLosses",
  kind: "update",
  placement: "first",
  writes: [0],
  outputs: () => [],
  axes: () => ({ roles: { m: "chain" }, inputs: [[], ["m"]], outputs: [] }),
  call: ({ attributes }) => ({
    kernel: "sumAscending",
    operands: [input(0), input(1), length("m"), attributes.continues ? 1 : 0],
  }),
  cost: (length) => ({ flops: length("m"), bytes: 4 * length("m"), chain: length("m") }),
};
