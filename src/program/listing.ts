/** The list of a rank's instructions as it grows: calls of kernels with their arguments, and meetings. */
import type { Node } from "../graph/tensor.ts";
import { argument, type Call, type ChainLink, fullLength, type LoweringContext } from "./arguments.ts";
import type { Instruction, Meeting } from "./instruction.ts";
import type { Appointment } from "./meetings.ts";

type Place = Pick<Instruction, "stage" | "microBatch">;
const NO_PIPELINE: Place = { stage: 0, microBatch: 0 };

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
    ...NO_PIPELINE,
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
  const nothing = { ...NO_PIPELINE, kernel: null, arguments: [], bytes: 0, flops: 0 };
  return { id, kind, subject, dependencies, costKey: kind, ...nothing };
}

/** Collects the instructions of a program in the order in which they are added. */
export class Listing {
  readonly instructions: Instruction[] = [];
  #lastMeeting = 0;

  meet(appointments: readonly Appointment[]): void {
    for (const [kind, subject] of appointments) {
      const id = this.instructions.length;
      this.instructions.push(meeting(kind, subject, id, this.#lastMeeting));
      this.#lastMeeting = id;
    }
  }

  /** The calls that a part of a node takes; returns the id of the last. `place` is that in a pipeline. */
  call(part: Omit<Call, "link">, after: readonly number[], place: Place = NO_PIPELINE): number {
    let dependencies = [...after];
    for (const link of chainLinks(part.node, part.context)) {
      const id = this.instructions.length;
      this.instructions.push({ ...instruction({ ...part, link }, id, dependencies), ...place });
      dependencies = [id];
    }
    return this.instructions.length - 1;
  }
}
