/** Bias of a linear layer, added after the complete chain of the product (NUMERICS §1.2), and its gradient. */
import type { Op } from "../op.ts";
import { rowWidth } from "../tensor.ts";
import { input, length, output, stride } from "./operand.ts";

/** y[m,n] = x[m,n] + bias[n]. Fusion moves it into the product's epilogue. */
export const addBias: Op = {
  name: "addBias",
  kind: "forward",
  placement: "split",
  inPlace: [0, 0],
  outputs: ([x]) => [{ shape: x.shape, type: "f32" }],
  axes: () => ({ roles: { m: "row", n: "row" }, inputs: [["m", "n"], ["n"]], outputs: [["m", "n"]] }),
  inputGradient: (_graph, _node, [dY]) => dY!,
  parameterGradient: (graph, { inputs }, [dY]) => graph.apply(sumSamples, [dY!], {}, inputs[1])[0],
  call({ outputs }) {
    return {
      kernel: "addBias",
      operands: [output(0), input(0), input(1), length("m"), rowWidth(outputs[0].shape)],
    };
  },
  cost: (length) => ({ flops: length("m") * length("n"), bytes: 8 * length("m") * length("n"), chain: 0 }),
};

/** db[n] = Σ over samples k of dy[k,n], ascending; the parameter's owner computes it (NUMERICS §1.6). */
export const sumSamples: Op = {
  name: "sumSamples",
  kind: "dW",
  placement: "split",
  outputs: ([dY]) => [{ shape: [dY.shape[1]], type: "f32" }],
  axes: () => ({ roles: { n: "row", k: "chain" }, inputs: [["k", "n"]], outputs: [["n"]] }),
  call() {
    const sizes = [length("k"), length("n"), stride("input", 0)];
    return { kernel: "columnSums", operands: [output(0), input(0), ...sizes, { continues: true }] };
  },
  cost: (length) => ({
    flops: length("k") * length("n"),
    bytes: 4 * length("k") * length("n"),
    chain: length("k"),
  }),
};
