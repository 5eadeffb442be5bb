/**
 * The nodes of pairs of layers as the slices of one process execute them: with pieces of the tensors that are divided, as small tensors
 * of their own, and sums over what is divided as partial sums of every slice, which all add in ascending order.
 *
 *     Z = A · W₂ + b, f        part 0 = A[:, own] · W₂[own, :]     slice 0 alone
 *                       ⟹     part 1 = A[:, own] · W₂[own, :]     slice 1 alone
 *                              sum = part 0 + part 1 │ + b │ f       all slices alike
 *
 * All processes make lists of the same nodes, of which only the sizes of pieces differ: whose those are is told by Node.slices.
 */
import { add, residual } from "../graph/ops/sum.ts";
import type { Node, Slice, Tensor } from "../graph/tensor.ts";
import { epilogueOf } from "../graph/unfuse.ts";
import { crossingOf } from "./pairs.ts";
import type { Space, Spaces } from "./spaces.ts";

/** How a space is cut. */
export interface Cut {
  /** The slices that have a piece each, ascending. */
  readonly owners: readonly Slice[];
  /** The indices of each piece. */
  readonly runs: readonly Slice[];
  /** Which of them this process has; one that has none counts as the first. */
  readonly own: number;
}

/** A tensor whose axis `axis` is cut, and what becomes of it. */
export interface CutTensor {
  readonly cut: Cut;
  readonly axis: number;
  /** By owner. */
  readonly pieces: readonly Tensor[];
}

export class DividedNodes {
  readonly #spaces: Spaces;
  readonly #cuts: ReadonlyMap<Space, Cut>;
  readonly #known = new Map<Tensor, CutTensor>();
  /** By this process's piece. */
  readonly #whole = new Map<Tensor, CutTensor>();

  constructor(spaces: Spaces, cuts: ReadonlyMap<Space, Cut>) {
    this.#spaces = spaces;
    this.#cuts = cuts;
  }

  /** null for a tensor that is not cut. */
  cutOf(tensor: Tensor): CutTensor | null {
    const known = this.#known.get(tensor);
    if (known) return known;
    const spaces = this.#spaces.of(tensor);
    const axis = spaces.findIndex((space) => this.#cuts.has(space));
    if (axis < 0) return null;
    const cut = this.#cuts.get(spaces[axis]) as Cut;
    const made = { cut, axis, pieces: cut.runs.map((run, owner) => this.#piece(tensor, axis, run, owner)) };
    this.#known.set(tensor, made);
    this.#whole.set(made.pieces[cut.own], made);
    return made;
  }

  /** What other slices have in the place of a tensor of this process's nodes. */
  pieceOf(tensor: Tensor, slices: Slice): Tensor {
    const whole = this.#whole.get(tensor);
    return whole?.pieces[whole.cut.owners.findIndex(({ first }) => first === slices.first)] ?? tensor;
  }

  /** What takes the place of a node. */
  divide(node: Node): Node[] {
    for (const [space, cut] of this.#cuts) {
      const crossing = crossingOf(node, space, this.#spaces);
      if (crossing?.isSum) return this.#sum(node, cut);
      if (crossing) {
        const [inputs, outputs] = [node.inputs, node.outputs].map((list) => list.map(this.#own));
        return [{ ...node, inputs, outputs, slices: "each" }];
      }
    }
    return [node];
  }

  readonly #own = (tensor: Tensor): Tensor => {
    const found = this.cutOf(tensor);
    return found ? found.pieces[found.cut.own] : tensor;
  };

  /** Weights have a name for each piece; of what is made every process knows its own. */
  #piece(tensor: Tensor, axis: number, { first, count }: Slice, owner: number): Tensor {
    const shape = tensor.shape.map((extent, index) => (index === axis ? count : extent));
    const of = tensor.of && this.cutOf(tensor.of)?.pieces[owner];
    const indices = `[${axis > 0 ? ":," : ""}${first}:${first + count}]`;
    const name = tensor.kind === "value" ? tensor.name : `${tensor.name}${indices}`;
    return { ...tensor, shape, of, name };
  }

  #sum(node: Node, { owners }: Cut): Node[] {
    const [output] = node.outputs;
    const factors = node.inputs.slice(0, 2).map(this.#own);
    const parts = owners.map((slices, owner): Node => {
      const part = { ...output, name: `part ${owner} of ${output.name}` };
      return { ...node, inputs: factors, outputs: [part], attributes: {}, slices };
    });
    const [first, ...others] = parts.map(({ outputs: [part] }) => part);
    const op = node.op.kind === "forward" ? residual : add;
    const additions = others.map((part) => (sum: Tensor) => ({ op, inputs: [sum, part] }));
    const steps = [...additions, ...epilogueOf(node)];
    let value = first;
    const rest = steps.map((step, index): Node => {
      const made = step(value);
      value = index === steps.length - 1 ? output : { ...output, name: `sum ${index} of ${output.name}` };
      return { id: node.id, attributes: {}, ...made, outputs: [value] };
    });
    return [...parts, ...rest];
  }
}
