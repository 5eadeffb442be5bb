/**
 * What processes must tell each other: the slices of tensors that one of them makes and another reads.
 *
 *     process 0   rows 0…31 of dZ  ──▶  process 1   needs rows 0…63 for dW
 *
 * Ranks of other processes are ranks whose memory is not shared. Inside a process a barrier makes the others' slices readable;
 * between processes a transfer does, into the same places of the other memory.
 */
import type { Node, Tensor } from "../graph/tensor.ts";
import { accessesOf, sliceFamily, splitOf } from "./split.ts";

/** A tensor of which every process makes its rows of the batch and needs the rest. */
export interface Crossing {
  readonly tensor: Tensor;
  /** The node that makes the slices, and the number of its phase. */
  readonly node: Node;
  readonly phase: number;
}

/** Whether a node needs no other process's help to make the rest, too: it reads what every process has. */
export const isReproducible = ({ inputs }: Node): boolean =>
  inputs.every(({ kind }) => kind === "block" || kind === "stream");

interface Reading {
  readonly node: Node;
  readonly phase: number;
  readonly axes: readonly string[];
}

function listReadings(
  phases: readonly (readonly Node[])[],
  readsOwnRows: (node: Node) => boolean,
): Map<Tensor, Reading[]> {
  const readings = new Map<Tensor, Reading[]>();
  for (const [phase, nodes] of phases.entries())
    for (const node of nodes.filter((node) => !readsOwnRows(node)))
      for (const [index, tensor] of node.inputs.entries()) {
        const list = readings.get(tensor) ?? [];
        list.push({ node, phase, axes: node.op.axes(node).inputs[index] });
        readings.set(tensor, list);
      }
  return readings;
}

export interface CrossingPlan {
  readonly crossings: readonly Crossing[];
  /** Nodes of which every process executes the others' rows, too, instead of being sent them. */
  readonly repeated: ReadonlySet<Node>;
}

/**
 * The crossings of a program's phases if each process makes its own rows of the batch, and all make whatever else there is, but
 * for the sums of nodes that read the process's own rows only.
 */
export function crossingsOf(
  phases: readonly (readonly Node[])[],
  readsOwnRows: (node: Node) => boolean,
): CrossingPlan {
  const readings = listReadings(phases, readsOwnRows);
  const crossings: Crossing[] = [];
  const repeated = new Set<Node>();
  for (const [phase, nodes] of phases.entries())
    for (const node of nodes) {
      const split = splitOf(node);
      if (split?.family !== "batch") continue;
      for (const { tensor, axes, writes } of accessesOf(node)) {
        if (!writes) continue;
        const family = sliceFamily(node, axes);
        const isReadByOthers = (readings.get(tensor) ?? []).some(
          (reading) => reading.node !== node && sliceFamily(reading.node, reading.axes) !== family,
        );
        if (!isReadByOthers) continue;
        if (axes[0] !== split.axis)
          throw new Error(`${node.op.name} makes columns of ${tensor.name}, not rows`);
        if (isReproducible(node)) repeated.add(node);
        else crossings.push({ tensor, node, phase });
      }
    }
  return { crossings, repeated };
}
