/** Along which axis the ranks split a node, and whether two nodes of one phase would step on each other's slices. */
import type { Axes } from "../graph/op.ts";
import type { Extent, Node, Tensor } from "../graph/tensor.ts";

/** A tensor that a node reads or writes, with the axes by which it does. */
export interface Access {
  readonly tensor: Tensor;
  readonly axes: readonly string[];
  readonly writes: boolean;
}

/** The axis along which ranks split a node, or null where one rank (or each) executes all of it. */
export interface Split {
  readonly axis: string;
  readonly extent: Extent;
  /** Splits of one family cut at the same indices: "batch", a parameter's name, or the written tensor's own. */
  readonly family: string;
}

const known = new WeakMap<Node, readonly Access[]>();

/** All that a node touches, what it makes first. A node never changes, so the list is made once. */
export function accessesOf(node: Node): readonly Access[] {
  let accesses = known.get(node);
  if (!accesses) {
    accesses = listAccesses(node);
    known.set(node, accesses);
  }
  return accesses;
}

function listAccesses(node: Node): Access[] {
  const axes: Axes = node.op.axes(node);
  const writes = node.op.writes ?? [];
  return [
    ...node.outputs.map((tensor, index) => ({ tensor, axes: axes.outputs[index], writes: true })),
    ...node.inputs.map((tensor, index) => ({
      tensor,
      axes: axes.inputs[index],
      writes: writes.includes(index),
    })),
  ];
}

export function splitOf(node: Node): Split | null {
  if (node.op.placement !== "split") return null;
  const written = accessesOf(node).find(({ writes }) => writes) as Access;
  const [axis] = written.axes;
  const extent = written.tensor.shape[0];
  if (extent === "batch") return { axis, extent, family: "batch" };
  const parameter = written.tensor.kind === "parameter" ? written.tensor : written.tensor.of;
  return { axis, extent, family: parameter ? parameter.name : `${written.tensor.name}@${node.id}` };
}

/** The family by which a node slices a tensor along its first axis; null if it touches other ranks' slices too. */
export function sliceFamily(node: Node, axes: readonly string[]): string | null {
  const split = splitOf(node);
  return split && axes[0] === split.axis ? split.family : null;
}

/** Whether `later` may run in the same phase as `earlier`, ranks not having met in between. */
export function mayShareAPhase(earlier: Node, later: Node): boolean {
  for (const before of accessesOf(earlier))
    for (const after of accessesOf(later)) {
      if (before.tensor !== after.tensor || !(before.writes || after.writes)) continue;
      if (earlier.op.placement === "every" && before.writes) continue; // each rank reads its own copy
      if (earlier.op.placement === "first" && later.op.placement === "first") continue;
      const family = sliceFamily(earlier, before.axes);
      if (family === null || family !== sliceFamily(later, after.axes)) return false;
    }
  return true;
}
