/**
 * Pairs of layers that slices in different processes divide as Megatron-LM does (Shoeybi et al. 2019): one by columns of its weights,
 * the next by rows, so that what the columns of the first make is what the rows of the second read, and nobody else reads it.
 *
 *     A[:, own] = f(X · W₁[:, own])            dA[:, own] = dZ · W₂[own, :]ᵀ       dW₁[:, own], dW₂[own, :]: their owner's alone
 *     Z = Σ over slices of A[:, own] · W₂[own, :]     dX = Σ over slices of dA[:, own]∘f′ · W₁[:, own]ᵀ
 *
 * These two sums are cut, so their bits depend on the number of slices: --numerics fast. Found from the axes that ops declare: a pair is
 * a space of units that is columns of one matrix of weights and rows of another, and that every node which touches it can do with a
 * part of, or sums over.
 */
import type { Node, Tensor } from "../graph/tensor.ts";
import { isProduct } from "../graph/unfuse.ts";
import type { Space, Spaces } from "./spaces.ts";

export interface Pair {
  /** The weights that are divided by columns, and those that are by rows. */
  readonly columns: Tensor;
  readonly rows: Tensor;
  /** What is divided. */
  readonly space: Space;
}

/** How a node runs over a space: along which axis, and what its op allows there. */
export interface Crossing {
  readonly axis: string;
  readonly isSum: boolean;
}

/** null for a node that does not touch the space. */
export function crossingOf(node: Node, space: Space, spaces: Spaces): Crossing | null {
  const { roles, inputs, outputs } = node.op.axes(node);
  const uses = [
    ...node.inputs.map((tensor, index) => [tensor, inputs[index]] as const),
    ...node.outputs.map((tensor, index) => [tensor, outputs[index]] as const),
  ];
  const [axis] = uses.flatMap(([tensor, axes]) => axes.filter((_, at) => spaces.of(tensor)[at] === space));
  return axis === undefined ? null : { axis, isSum: roles[axis] !== "row" };
}

/** Whether a node that touches the space can be executed for a part of it, and what sums over it can be added to by others. */
function canBeDivided(node: Node, { isSum }: Crossing): boolean {
  if (node.op.placement !== "split" || node.along) return false;
  return !isSum || (isProduct(node) && node.outputs[0].shape[0] === "batch");
}

/** The space of a matrix's columns as a pair, if it is one. */
function pairOf(columns: Tensor, matrices: readonly Tensor[], spaces: Spaces): Pair | null {
  const [inputs, space] = spaces.of(columns);
  const first = matrices.filter((matrix) => spaces.of(matrix)[1] === space);
  const next = matrices.filter((matrix) => spaces.of(matrix)[0] === space);
  const isOnce = first.length === 1 && next.length === 1 && inputs !== space;
  return isOnce ? { columns, rows: next[0], space } : null;
}

/**
 * The pairs of a list of nodes, in the order of their weights, each with its cut; no weights are of two. `cutFor` is asked of each
 * that could be, with the nodes that it concerns, and says null where it cannot be cut.
 */
export function findPairs<Cut>(
  nodes: readonly Node[],
  spaces: Spaces,
  cutFor: (pair: Pair, nodes: readonly Node[]) => Cut | null,
): (Pair & { readonly cut: Cut })[] {
  const matrices = [...spaces.tensors].filter(
    ({ kind, shape }) => kind === "parameter" && shape.length === 2,
  );
  const taken = new Set<Tensor>();
  return matrices.flatMap((matrix) => {
    const pair = pairOf(matrix, matrices, spaces);
    if (pair === null || taken.has(pair.columns) || taken.has(pair.rows)) return [];
    const touching = nodes.flatMap((node) => {
      const crossing = crossingOf(node, pair.space, spaces);
      return crossing ? [{ node, crossing }] : [];
    });
    if (!touching.every(({ node, crossing }) => canBeDivided(node, crossing))) return [];
    const touched = touching.map(({ node }) => node);
    const cut = cutFor(pair, touched);
    if (cut === null) return [];
    taken.add(pair.columns).add(pair.rows);
    return [{ ...pair, cut }];
  });
}
