/** Where samples enter the graph: rows of the data set, taken in the epoch's order. */
import type { Op } from "../op.ts";
import { rowWidth } from "../tensor.ts";
import { input, length, output } from "./operand.ts";

/** x[m,n] = bytes[order[m],n] / 255; inputs (bytes, order). */
export const gatherBytes: Op = {
  name: "gatherBytes",
  kind: "forward",
  placement: "split",
  outputs: ([bytes]) => [{ shape: ["batch", rowWidth(bytes.shape)], type: "f32" }],
  axes: () => ({
    roles: { m: "row", n: "row", s: "whole" },
    inputs: [["s", "n"], ["m"]],
    outputs: [["m", "n"]],
  }),
  call: ({ outputs }) => ({
    kernel: "gatherBytes",
    operands: [output(0), input(0), input(1), length("m"), rowWidth(outputs[0].shape)],
  }),
  cost: (length) => ({ flops: length("m") * length("n"), bytes: 5 * length("m") * length("n"), chain: 0 }),
};

/** The same by every rank for itself: all samples of the step. */
export const gatherBytesByEvery: Op = { ...gatherBytes, placement: "every" };

/** labels[m] = labels[order[m]]; inputs (labels, order). */
export const gatherLabels: Op = {
  name: "gatherLabels",
  kind: "forward",
  placement: "split",
  outputs: () => [{ shape: ["batch"], type: "i32" }],
  axes: () => ({ roles: { m: "row", s: "whole" }, inputs: [["s"], ["m"]], outputs: [["m"]] }),
  call: () => ({ kernel: "gatherLabels", operands: [output(0), input(0), input(1), length("m")] }),
  cost: (length) => ({ flops: 0, bytes: 9 * length("m"), chain: 0 }),
};
