/** Element-wise activations and their gradients: one pair of ops for each kernel pair. */
import type { ActivationName, KernelName } from "../../kernels/abi.ts";
import type { Op } from "../op.ts";
import { elements, input, output } from "./operand.ts";

const axes = (inputs: number) => () => ({
  roles: { m: "row", n: "row" } as const,
  inputs: Array.from({ length: inputs }, () => ["m", "n"]),
  outputs: [["m", "n"]],
});

/** `saves`: which side of the activation its gradient is a function of. */
const gradients = new Map<Op, ActivationName>();

/** The gradient of an activation: of inputs (saved, dY). */
export const activationGradient = (name: ActivationName): Op =>
  [...gradients].find(([, other]) => other === name)?.[0] as Op;

/** The activation whose gradient the op is, if it is one. */
export const gradientOf = (op: Op): ActivationName | undefined => gradients.get(op);

function activation(name: ActivationName, saves: "input" | "output", flops: number): Op {
  const gradient: Op = {
    name: `${name}Gradient`,
    kind: "dX",
    placement: "split",
    takesColumns: "apart",
    inPlace: [0, 1],
    outputs: ([saved]) => [{ shape: saved.shape, type: "f32" }],
    axes: axes(2),
    call: () => ({
      kernel: `${name}Gradient` as KernelName,
      operands: [output(0), input(0), input(1), elements("output", 0)],
    }),
    cost: (length) => ({
      flops: flops * length("m") * length("n"),
      bytes: 12 * length("m") * length("n"),
      chain: 0,
    }),
  };
  gradients.set(gradient, name);
  return {
    name,
    kind: "forward",
    placement: "split",
    takesColumns: "apart",
    outputs: ([x]) => [{ shape: x.shape, type: "f32" }],
    axes: axes(1),
    inputGradient: (graph, { inputs, outputs }, [dY]) =>
      graph.apply(gradient, [saves === "output" ? outputs[0] : inputs[0], dY!])[0],
    call: () => ({
      kernel: name,
      operands: [output(0), input(0), elements("output", 0)],
    }),
    cost: (length) => ({
      flops: flops * length("m") * length("n"),
      bytes: 8 * length("m") * length("n"),
      chain: 0,
    }),
  };
}

export const activations: Readonly<Record<ActivationName, Op>> = {
  relu: activation("relu", "output", 1),
  sigmoid: activation("sigmoid", "output", 20),
  tanh: activation("tanh", "output", 20),
  gelu: activation("gelu", "input", 40),
};
