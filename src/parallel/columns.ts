/** Which nodes ranks divide along units, and which tensors are therefore stored with each rank's columns apart. */
import { matmul, matmulInputGradient } from "../graph/ops/matmul.ts";
import type { Node, Tensor } from "../graph/tensor.ts";
import type { Space, Spaces } from "./spaces.ts";

/** By tensor: the family in which ranks own its columns. A tensor that is not in it is stored row after row. */
export type ColumnFamilies = ReadonlyMap<Tensor, string>;
type Families = ReadonlyMap<Space, string>;

/** What a node writes first, with its axes. */
function writtenBy(node: Node): { tensor: Tensor; axes: readonly string[] } {
  const { inputs, outputs } = node.op.axes(node);
  const index = node.op.writes?.[0] ?? 0;
  return node.outputs.length > 0
    ? { tensor: node.outputs[0], axes: outputs[0] }
    : { tensor: node.inputs[index], axes: inputs[index] };
}

/** The axis of units along which ranks can divide a node, given what is stored by columns; undefined if there is none. */
export function alongUnits(
  node: Node,
  spaces: Spaces,
  families: Families,
  byColumns: ColumnFamilies,
): Node["along"] {
  if (node.op.placement !== "split") return undefined;
  const { tensor, axes } = writtenBy(node);
  const { roles, inputs, outputs } = node.op.axes(node);
  /** Updates have no row strides for what they overwrite. */
  const overwritesApart = (node.op.writes ?? []).every((index) => byColumns.has(node.inputs[index]));
  /** Whether all matrices with columns along `axis` are stored by columns. */
  const areApart = (axis: string) =>
    [...node.inputs.entries()].every(([index, input]) => inputs[index][1] !== axis || byColumns.has(input)) &&
    [...node.outputs.entries()].every(
      ([index, output]) => outputs[index][1] !== axis || byColumns.has(output),
    );
  for (const [index, space] of spaces.of(tensor).entries()) {
    const family = families.get(space);
    const axis = axes[index];
    const { takesColumns } = node.op;
    const takes =
      index === 0 ||
      (takesColumns === "strided" && overwritesApart) ||
      (takesColumns === "apart" && areApart(axis));
    if (family && takes && roles[axis] === "row") return { axis, family };
  }
  return undefined;
}

/** Whether a node can do with each rank's columns of `tensor` apart: it takes its own, or all in turn as one chain of sums. */
function takesApart(node: Node, tensor: Tensor, along: Node["along"]): boolean {
  const { inputs, outputs } = node.op.axes(node);
  const uses = [
    ...node.inputs.map((input, index) => [input, inputs[index][1]] as const),
    ...node.outputs.map((output, index) => [output, outputs[index][1]] as const),
  ].filter(([used]) => used === tensor);
  const isChain = node.op === matmul && node.inputs[0] === tensor && uses.length === 1;
  return isChain || uses.every(([, axis]) => along !== undefined && axis === along.axis);
}

/** All matrices with columns of these families that every node which touches them can take apart. */
export function familiesByColumns(
  nodes: readonly Node[],
  spaces: Spaces,
  families: Families,
): ColumnFamilies {
  const found = new Map<Tensor, string>();
  for (const tensor of spaces.tensors) {
    const family = tensor.shape.length === 2 ? families.get(spaces.of(tensor)[1]) : undefined;
    if (family !== undefined) found.set(tensor, family);
  }
  // What one node cannot take is stored row after row, and then others cannot be divided that could have been.
  for (let left = -1; left !== found.size; ) {
    left = found.size;
    for (const node of nodes) {
      const along = alongUnits(node, spaces, families, found);
      for (const tensor of [...node.inputs, ...node.outputs])
        if (found.has(tensor) && !takesApart(node, tensor, along)) found.delete(tensor);
      // What an activation saved is read with the row stride of the gradient that is made of it.
      const [saved, made] = node.op === matmulInputGradient ? [node.inputs[2], node.outputs[0]] : [];
      if (saved && made && found.has(saved) !== found.has(made))
        for (const tensor of [saved, made]) found.delete(tensor);
    }
  }
  return found;
}
