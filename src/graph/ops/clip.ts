/** Clipping by the global norm: a chain per output unit, the units added by every rank alike, a factor that travels as bits. */
import type { Op } from "../op.ts";
import { elementCount } from "../tensor.ts";
import { elements, input, length, output, stride } from "./operand.ts";

/** squares[n] = Σ over m of g[m,n]² (NUMERICS §1.10); a vector is one row of units. */
export const squaredNorms: Op = {
  name: "squaredNorms",
  kind: "dW",
  placement: "split",
  outputs: ([g]) => [{ shape: [g.shape[g.shape.length - 1]], type: "f32" }],
  axes: ({ inputs }) => ({
    roles: { m: "chain", n: "row" },
    inputs: [inputs[0].shape.length > 1 ? ["m", "n"] : ["n"]],
    outputs: [["n"]],
  }),
  call({ inputs }) {
    const rows = inputs[0].shape.length > 1 ? Number(inputs[0].shape[0]) : 1;
    return { kernel: "squaredNorms", operands: [output(0), input(0), rows, length("n"), stride("input", 0)] };
  },
  cost: (length) => ({
    flops: 2 * length("m") * length("n"),
    bytes: 4 * length("m") * length("n"),
    chain: length("m"),
  }),
};

/** total (f64) = Σ squares, ascending. */
export const sumSquares: Op = {
  name: "sumSquares",
  kind: "dW",
  placement: "every",
  outputs: () => [{ shape: [1], type: "f64" }],
  axes: () => ({ roles: { n: "chain" }, inputs: [["n"]], outputs: [[]] }),
  call: ({ inputs }) => ({
    kernel: "sumAscending",
    operands: [output(0), input(0), elementCount(inputs[0].shape), 0],
  }),
  cost: (length) => ({ flops: length("n"), bytes: 4 * length("n"), chain: length("n") }),
};

/** total (f64) += Σ squares, ascending, in place. Inputs (total, squares). */
export const addSquares: Op = {
  ...sumSquares,
  name: "addSquares",
  writes: [0],
  outputs: () => [],
  axes: () => ({ roles: { n: "chain" }, inputs: [[], ["n"]], outputs: [] }),
  call: ({ inputs }) => ({
    kernel: "sumAscending",
    operands: [input(0), input(1), elementCount(inputs[1].shape), 1],
  }),
};

/** factor = min(1, limit / (√total + 1e-6)). Inputs (total, limit). */
export const clipFactor: Op = {
  name: "clipFactor",
  kind: "dW",
  placement: "every",
  outputs: () => [{ shape: [1], type: "f32" }],
  axes: () => ({ roles: {}, inputs: [[], []], outputs: [[]] }),
  call: () => ({ kernel: "clipFactor", operands: [output(0), input(0), input(1)] }),
  cost: () => ({ flops: 4, bytes: 16, chain: 0 }),
};

/** g *= factor, in place. Inputs (g, factor). */
export const scaleGradient: Op = {
  name: "scaleGradient",
  kind: "update",
  placement: "split",
  takesColumns: "apart",
  writes: [0],
  outputs: () => [],
  axes: ({ inputs }) => ({
    roles: { m: "row", n: "row" },
    inputs: [["m", "n"].slice(0, inputs[0].shape.length), []],
    outputs: [],
  }),
  call: () => ({ kernel: "scale", operands: [input(0), input(1), elements("input", 0)] }),
  cost: (length) => ({ flops: length("m") * length("n"), bytes: 8 * length("m") * length("n"), chain: 0 }),
};
