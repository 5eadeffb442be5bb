/** From phases of nodes to the program of one rank: which calls of which kernels, between barriers. */
import type { Operand, ScratchKernel } from "../graph/op.ts";
import type { Node } from "../graph/tensor.ts";
import type { Kernels } from "../kernels/abi.ts";
import {
  argument,
  type Call,
  type ChainLink,
  fullLength,
  type LoweringContext,
  type PartialSums,
  type Share,
} from "./arguments.ts";
import type { Instruction, Meeting, Program } from "./instruction.ts";
import { type Appointment, Appointments, type ChunkTurn } from "./meetings.ts";
import { predecessors } from "./order.ts";
import { axisLength, type Slice } from "./partition.ts";
import { splitOf } from "./split.ts";
import type { TransferPlan } from "./transfers.ts";

/** Bytes of scratch that a kernel of at most these sizes needs: the kernels' own answer. */
export type ScratchBytes = Pick<Kernels, ScratchKernel>;

const NOTHING: Slice = { first: 0, count: 0 };

/** What the rank executes of a node; null for nothing. */
function shareOf(node: Node, { rank, partition }: LoweringContext): Share | null {
  const split = splitOf(node);
  if (!split) return node.op.placement === "every" || rank === 0 ? "whole" : null;
  if (split.extent === "batch") return "batch";
  const slice = partition.get(split.family)?.[rank] ?? NOTHING;
  return slice.count > 0 ? slice : null;
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
  return share === null ? [] : [wholly(share)];
}

/**
 * The links of a node's chains of sums, where they run along columns that are stored apart: rank after rank, ascending, so
 * that the chains are those of the whole matrix. [null] for a node that takes one call.
 */
function chainLinks(node: Node, { places, partition }: LoweringContext): (ChainLink | null)[] {
  const { roles, inputs } = node.op.axes(node);
  const axis = inputs[0]?.[1];
  const family = places.byColumns.get(node.inputs[0]);
  if (family === undefined || roles[axis] !== "chain") return [null];
  const owners = [...(partition.get(family) ?? []).entries()].filter(([, { count }]) => count > 0);
  return owners.map(([owner, slice], index) => ({
    ...{ axis, slice, owner },
    isFirst: index === 0,
    isLast: index === owners.length - 1,
  }));
}

function instruction(call: Call, id: number, dependencies: number[]): Instruction {
  const { node } = call;
  const { kernel, operands } = node.op.call(node);
  const cost = node.op.cost((axis) => fullLength(call, axis));
  const sizes = Object.keys(node.op.axes(node).roles).map((axis) => fullLength(call, axis));
  return {
    id,
    kind: node.op.kind,
    stage: 0,
    microBatch: 0,
    kernel,
    arguments: operands.map((operand) => argument(call, operand)),
    dependencies,
    subject: -1,
    bytes: cost.bytes,
    flops: cost.flops,
    costKey: `${kernel} ${sizes.join("×")}`,
  };
}

/** Whoever meets others has done all that came before: all since `last`, the meeting before, and so all. */
function meeting(kind: Meeting, subject: number, id: number, last: number): Instruction {
  const dependencies = Array.from({ length: id - last }, (_, index) => last + index);
  const nothing = { stage: 0, microBatch: 0, kernel: null, arguments: [], bytes: 0, flops: 0 };
  return { id, kind, subject, dependencies, costKey: kind, ...nothing };
}

/** Collects the instructions of a program in the order in which they are added. */
class Listing {
  readonly instructions: Instruction[] = [];
  #lastMeeting = 0;

  meet(appointments: readonly Appointment[]): void {
    for (const [kind, subject] of appointments) {
      const id = this.instructions.length;
      this.instructions.push(meeting(kind, subject, id, this.#lastMeeting));
      this.#lastMeeting = id;
    }
  }

  /** The calls that a part of a node takes; returns the id of the last. */
  call(node: Node, { share, partial }: Part, context: LoweringContext, after: readonly number[]): number {
    let dependencies = [...after];
    for (const link of chainLinks(node, context)) {
      const id = this.instructions.length;
      this.instructions.push(instruction({ node, share, link, partial, context }, id, dependencies));
      dependencies = [id];
    }
    return this.instructions.length - 1;
  }
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
          const id = listing.call(node, part, context, dependencies);
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
        for (const share of ["before", "after"] as const) listing.call(node, wholly(share), context, []);
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
