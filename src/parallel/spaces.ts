/** Index spaces: axes of tensors that run over the same indices, since some node knows them by one name. */
import type { Node, Tensor } from "../graph/tensor.ts";

/** A space, by the number of one of its axes; two axes are of one space if `of` gives the same. */
export type Space = number;

/** Joins axes into spaces: a forest in which every tree is a space (union–find, Tarjan 1975). */
export class Spaces {
  /** By tensor: the numbers of its axes. */
  readonly #axes = new Map<Tensor, readonly number[]>();
  readonly #parents: number[] = [];

  constructor(nodes: readonly Node[]) {
    for (const node of nodes) {
      const { inputs, outputs } = node.op.axes(node);
      const named = new Map<string, number>();
      for (const [index, tensor] of node.inputs.entries()) this.#join(tensor, inputs[index], named);
      for (const [index, tensor] of node.outputs.entries()) this.#join(tensor, outputs[index], named);
    }
  }

  /** The spaces of a tensor's axes, outermost first. */
  of(tensor: Tensor): Space[] {
    return this.#axesOf(tensor).map((axis) => this.#root(axis));
  }

  get tensors(): Iterable<Tensor> {
    return this.#axes.keys();
  }

  /** Joins a tensor's axes to those that the node knows by the same names. */
  #join(tensor: Tensor, names: readonly string[], named: Map<string, number>): void {
    for (const [index, axis] of this.#axesOf(tensor).entries()) {
      this.#parents[this.#root(axis)] = this.#root(named.get(names[index]) ?? axis);
      named.set(names[index], axis);
    }
  }

  #axesOf(tensor: Tensor): readonly number[] {
    const known = this.#axes.get(tensor);
    if (known) return known;
    const axes = tensor.shape.map(() => this.#parents.push(this.#parents.length) - 1);
    this.#axes.set(tensor, axes);
    return axes;
  }

  #root(axis: number): Space {
    let root = axis;
    while (this.#parents[root] !== root) root = this.#parents[root];
    for (let at = axis; at !== root; ) [at, this.#parents[at]] = [this.#parents[at], root];
    return root;
  }
}
