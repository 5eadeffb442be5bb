/** Along which axis the ranks split a node, and whether two nodes of one phase would step on each other's slices. */
import type { Axes } from "../graph/op.ts";
import type { Extent, Node, Tensor } from "../graph/tensor.ts";

/** A tensor that a node reads or writes, with the axes by which it does. */
export interface Access {
  readonly tensor: Tensor;
  readonly axes: readonly string[];
  readonly writes: boolean;
}

/** The axis along which the ranks split a node, or null where one rank (or each) executes all of it. */
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
  if (node.along) {
    const { axis, family } = node.along;
    return { axis, extent: written.tensor.shape[written.axes.indexOf(axis)], family };
  }
  const [axis] = written.axes;
  const extent = written.tensor.shape[0];
  if (extent === "batch") return { axis, extent, family: "batch" };
  const parameter = written.tensor.kind === "parameter" ? written.tensor : written.tensor.of;
  return { axis, extent, family: parameter ? parameter.name : `${written.tensor.name}@${node.id}` };
}

/** Along which axis of a tensor, and in which family, a node slices it; null if it touches other ranks' slices too. */
export function sliceFamily(node: Node, axes: readonly string[]): string | null {
  const split = splitOf(node);
  const index = axes.indexOf(split?.axis ?? "");
  return split && index >= 0 ? `${split.family} along ${index}` : null;
}

/** Whether every rank makes the tensor for itself, so that no other rank reads it. */
const isOwnCopy = (node: Node, { writes }: Access): boolean => node.op.placement === "every" && writes;

/** Whether `later` may run in the same phase as `earlier`, ranks not having met in between. */
export function mayShareAPhase(earlier: Node, later: Node): boolean {
  for (const before of accessesOf(earlier))
    for (const after of accessesOf(later)) {
      if (before.tensor !== after.tensor || !(before.writes || after.writes)) continue;
      if (isOwnCopy(earlier, before) || isOwnCopy(later, after)) continue;
      if (earlier.op.placement === "first" && later.op.placement === "first") continue;
      const family = sliceFamily(earlier, before.axes);
      if (family === null || family !== sliceFamily(later, after.axes)) return false;
    }
  return true;
}
