/** Tensors, nodes and graphs: plain descriptions, built once, never executed here. */
import type { Attributes, Op } from "./op.ts";

/** Length of an axis: known when the graph is built, or the number of samples of a step. */
export type Extent = number | "batch";
export type Shape = readonly Extent[];

/** Consecutive ones, of whatever can be counted: rows, columns, elements, ranks. */
export interface Slice {
  readonly first: number;
  readonly count: number;
}

/** How the elements are stored. */
export type ElementType = "f32" | "i32" | "u32" | "u8" | "f64";
export const ELEMENT_BYTES: Record<ElementType, number> = { f32: 4, i32: 4, u32: 4, u8: 1, f64: 8 };

/**
 * What a tensor is for:
 * - `value`: made and used within a step; its memory is shared by liveness.
 * - `parameter`: learned, saved, hashed. `state`: an optimizer's memory of a parameter, saved.
 * - `block`: bytes that the run places (data set, hyperparameters, sums over an epoch).
 * - `stream`: a block with a row for every sample of the epoch, of which a step uses a window.
 */
export type TensorKind = "value" | "parameter" | "state" | "block" | "stream";

/** How a parameter starts: uniform in ±bound, or all of one number. */
export type Initial = { uniform: number } | { constant: number };

export interface Tensor {
  readonly id: number;
  readonly kind: TensorKind;
  readonly shape: Shape;
  readonly type: ElementType;
  /** Logical name: what checkpoints, hashes and random streams know it by. */
  readonly name: string;
  /** The parameter that a gradient or a state belongs to; its split over ranks follows the parameter's. */
  readonly of?: Tensor;
  readonly initial?: Initial;
  /** The graph it was built in. */
  readonly graph: Graph;
}

export interface Node {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /**
   * Which slices of a layout execute it, where they have pieces of weights of their own (parallel/pairs.ts): each, of its own
   * pieces, or these alone. Without it all do, and what they make is one.
   */
  readonly slices?: "each" | Slice;
  /** The axis along which the ranks divide it and the family of that split, where it is not the first of what it writes. */
  readonly along?: { readonly axis: string; readonly family: string };
}

/** Nodes in an order in which every input exists before its use. */
export interface Graph {
  readonly nodes: Node[];
  readonly tensors: Tensor[];
  /** Adds a node; `of` is the parameter whose gradient the outputs are. */
  apply(op: Op, inputs: readonly Tensor[], attributes?: Attributes, of?: Tensor): Tensor[];
  parameter(layer: string, part: string, shape: readonly number[], initial: Initial): Tensor;
  /** A new layer's name: `linear1`, `linear2`, … */
  layer(kind: string): string;
}

/** Elements of one index of the first axis. */
export function rowWidth(shape: Shape): number {
  return shape.slice(1).reduce<number>((product, extent) => product * Number(extent), 1);
}

/** Elements of the whole tensor when a step has `batch` samples. */
export function elementCount(shape: Shape, batch = 1): number {
  return shape.reduce<number>((product, extent) => product * (extent === "batch" ? batch : extent), 1);
}
