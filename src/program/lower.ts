/** From phases of nodes to the program of one rank: which calls of which kernels, between barriers. */
import type { Operand, ScratchKernel } from "../graph/op.ts";
import type { Node, Slice } from "../graph/tensor.ts";
import type { Kernels } from "../kernels/abi.ts";
import type { LoweringContext, PartialSums, Share } from "./arguments.ts";
import type { Program } from "./instruction.ts";
import { Listing } from "./listing.ts";
import { Appointments, type ChunkTurn } from "./meetings.ts";
import { predecessors } from "./order.ts";
import { axisLength } from "./partition.ts";
import { splitOf } from "./split.ts";
import type { TransferPlan } from "./transfers.ts";

/** Bytes of scratch that a kernel of at most these sizes needs: the kernels' own answer. */
export type ScratchBytes = Pick<Kernels, ScratchKernel>;

const NOTHING: Slice = { first: 0, count: 0 };

/** What the rank executes of a node; null for nothing. */
export function shareOf(node: Node, { rank, partition }: LoweringContext): Share | null {
  const split = splitOf(node);
  if (!split) return node.op.placement === "every" || rank === 0 ? "whole" : null;
  if (split.extent === "batch") return "batch";
  const slice = partition.get(split.family)?.[rank] ?? NOTHING;
  return slice.count > 0 ? slice : null;
}

/**
 * A rank's rows of what a node makes of a matrix whose columns stand apart, owner after owner: each owner's columns of it, that stand
 * with the others' in what is made.
 */
function byOwners(node: Node, { places, partition }: LoweringContext): Share[] {
  const { roles, inputs } = node.op.axes(node);
  for (const [index, tensor] of node.inputs.entries()) {
    const family = places.byColumns.get(tensor);
    const axis = inputs[index][1];
    if (family !== undefined && roles[axis] === "row")
      return [...(partition.get(family) ?? []).entries()]
        .filter(([, { count }]) => count > 0)
        .map(([owner, slice]) => ({ microBatch: null, columns: { axis, slice, owner } }));
  }
  return ["batch"];
}

/** What a rank executes of a node at once. */
interface Part {
  readonly share: Share;
  readonly partial: PartialSums | null;
  /** Its turn in the chunk of sums that it makes; null where it makes none. */
  readonly turn: ChunkTurn | null;
}

const wholly = (share: Share): Part => ({ share, partial: null, turn: null });

function partsOf(node: Node, context: LoweringContext, appointments: Appointments): Part[] {
  const turns = appointments.turnsOf(node);
  if (turns)
    return turns.map((turn) => {
      return { share: turn.slice, partial: appointments.partialOf(turn), turn };
    });
  const share = shareOf(node, context);
  if (share === "batch") return byOwners(node, context).map(wholly);
  return share === null ? [] : [wholly(share)];
}

/** The program of `context.rank`: its share of every phase, each phase closed by a barrier. */
export function lower(context: LoweringContext, plan: TransferPlan): Program {
  const { phases } = context.places;
  const appointments = new Appointments(plan, context.rank);
  const before = predecessors(
    phases.flat().filter((node) => partsOf(node, context, appointments).length > 0),
  );
  const listing = new Listing();
  /** By node that this rank has a part of: its instruction, or the last of them. */
  const ids: number[] = [];
  for (const [number, phase] of phases.entries()) {
    listing.meet(appointments.atBegin(number));
    for (const node of phase) {
      const parts = partsOf(node, context, appointments);
      if (parts.length > 0) {
        const dependencies = before[ids.length].map((earlier) => ids[earlier]);
        listing.meet(appointments.before(node, number));
        const calls = parts.map((part) => {
          listing.meet(appointments.beforeTurn(part.turn));
          const id = listing.call({ node, ...part, context }, dependencies);
          listing.meet(appointments.afterTurn(part.turn));
          return id;
        });
        ids.push(calls[calls.length - 1]);
      }
      listing.meet(appointments.after(node));
    }
    // While what was sent is on its way: the rows that this process makes for itself though others do, too.
    for (const node of phase)
      if (plan.repeated.has(node))
        for (const share of ["before", "after"] as const)
          listing.call({ node, ...wholly(share), context }, []);
    listing.meet([...appointments.atEnd(number), ["barrier", -1]]);
  }
  return { rank: context.rank, instructions: listing.instructions };
}

/** Scratch bytes that any rank may need for any of these nodes. */
export function scratchBytes(phases: readonly (readonly Node[])[], batch: number, ask: ScratchBytes): number {
  const sizeOf = (node: Node, operand: Operand) =>
    typeof operand === "number" ? operand : "length" in operand ? axisLength(node, operand.length, batch) : 0;
  const needs = phases
    .flat()
    .flatMap((node) =>
      node.op
        .call(node)
        .operands.map((operand) =>
          typeof operand === "object" && "scratch" in operand
            ? ask[operand.scratch](sizeOf(node, operand.m), sizeOf(node, operand.n), sizeOf(node, operand.k))
            : 0,
        ),
    );
  return Math.max(0, ...needs);
}
