/**
 * What an operation declares about itself: enough to differentiate, split, place, cost and execute it.
 *
 * Left until an op needs it: a summation plan of its own (every sum is one chain, NUMERICS §1.8), what its gradient saves or
 * recomputes (it uses inputs and outputs as they are), persistent state and forms for training and evaluation, scratch
 * other than gemm's.
 */
import type { KernelName } from "../kernels/abi.ts";
import type { ElementType, Graph, Node, Shape, Tensor } from "./tensor.ts";

/** Plain data that a node carries besides its inputs. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/**
 * What an axis of the op's iteration space allows:
 * - `row`: free to split; its indices do not see each other.
 * - `chain`: one ordered sum runs along it (NUMERICS §1.1); a split must continue the chain.
 * - `whole`: needed whole by every index of the others (a softmax's classes).
 * - `halo`: free to split with some neighbours' rows (convolution; no op has it yet).
 */
export type AxisRole = "row" | "chain" | "whole" | "halo";

/** The op's iteration space: a role for each axis, and the axes of every operand, outermost first. */
export interface Axes {
  readonly roles: Readonly<Record<string, AxisRole>>;
  readonly inputs: readonly (readonly string[])[];
  readonly outputs: readonly (readonly string[])[];
}

/** Which part of a step an instruction belongs to. */
export type Kind = "forward" | "dX" | "dW" | "update";

/** An argument of a kernel, still without an address: lowering knows the rank's slice and fills it in. */
export type Operand =
  | number
  /** The rank's slice of an operand. */
  | { readonly address: "input" | "output"; readonly index: number }
  /** The number of indices of an axis that the rank executes, times a constant. */
  | { readonly length: string; readonly times?: number }
  /** The number of elements of the rank's slice of an operand that lies in one piece. */
  | { readonly elements: "input" | "output"; readonly index: number }
  /** 1 if the call goes on with the chains of the call before it, which had other columns of the first input, else 0. */
  | { readonly continues: true }
  /** An operand that only the last call of a chain is given, the others 0. */
  | { readonly atTheEnd: Operand }
  /** Elements from one row to the next of an operand as stored. */
  | { readonly stride: "input" | "output"; readonly index: number }
  /** Private bytes of the rank for the time of the call. */
  | { readonly scratch: ScratchKernel; readonly m: Operand; readonly n: Operand; readonly k: Operand };

/** The kernels that say how much scratch others need. */
export type ScratchKernel = "gemmScratchBytes" | "updateScratchBytes";

export interface KernelCall {
  readonly kernel: KernelName;
  readonly operands: readonly Operand[];
}

/** Work of a node for `length(axis)` indices of every axis. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
  /** Additions in the longest ordered sum. */
  readonly chain: number;
}

export interface TensorSpec {
  readonly shape: Shape;
  readonly type: ElementType;
}

export type GradientRule = (
  graph: Graph,
  node: Node,
  dOutputs: readonly (Tensor | null)[],
  index: number,
) => Tensor;

export interface Op {
  readonly name: string;
  readonly kind: Kind;
  /** Who executes it: each rank its share of the first axis of what it writes, rank 0 alone, or every rank all of it. */
  readonly placement: "split" | "first" | "every";
  /** Inputs that the kernel overwrites. The first of them, where there is no output, is what the ranks split. */
  readonly writes?: readonly number[];
  /**
   * Ranks may divide the columns of what it writes, too: its kernel takes the row strides of all matrices ("strided"), or it
   * does where each rank's columns are stored apart, in one piece ("apart").
   */
  readonly takesColumns?: "strided" | "apart";
  /** [output, input] that may be the same memory. */
  readonly inPlace?: readonly [number, number];
  outputs(inputs: readonly Tensor[], attributes: Attributes): readonly TensorSpec[];
  axes(node: Node): Axes;
  /**
   * The gradient with respect to input `index`, as new nodes of `graph`; absent where there is none. `dOutputs` are the
   * gradients of the outputs, null for one that the loss does not depend on.
   */
  inputGradient?: GradientRule;
  /** The gradient with respect to the parameter at input `index`: separate, so that it may run elsewhere and later. */
  parameterGradient?: GradientRule;
  call(node: Node): KernelCall;
  cost(length: (axis: string) => number): Cost;
}
