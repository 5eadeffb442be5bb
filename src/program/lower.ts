/** From phases of nodes to the program of one rank: addresses, counts, barriers. */
import { share as rowsOf } from "../data/shares.ts";
import type { Operand, ScratchKernel } from "../graph/op.ts";
import { ELEMENT_BYTES, elementCount, type Node, rowWidth, type Tensor } from "../graph/tensor.ts";
import type { Kernels } from "../kernels/abi.ts";
import { isStoredByColumns } from "../parallel/units.ts";
import { type Argument, type Instruction, type Program, STEP } from "./instruction.ts";
import { predecessors } from "./order.ts";
import { axisLength, type Partition, type Slice } from "./partition.ts";
import { addressOf, type Places } from "./place.ts";
import { accessesOf, splitOf } from "./split.ts";

/** Bytes of scratch that a kernel of at most these sizes needs: the kernels' own answer. */
export type ScratchBytes = Pick<Kernels, ScratchKernel>;

export interface LoweringContext {
  readonly rank: number;
  readonly ranks: number;
  /** Samples of a full step. */
  readonly batch: number;
  readonly partition: Partition;
  readonly places: Places;
}

const constant = (base: number): Argument => ({ base, stride: 0, times: STEP.none });
const EVERYTHING: Slice = { first: 0, count: 0 };

/** What the rank executes of a node: a constant slice, or "batch" for the rows of the step; null for nothing. */
type Share = Slice | "batch" | "whole" | null;

function shareOf(node: Node, { rank, partition }: LoweringContext): Share {
  const split = splitOf(node);
  if (!split) return node.op.placement === "every" || rank === 0 ? "whole" : null;
  if (split.extent === "batch") return "batch";
  const slice = partition.get(split.family)?.[rank] ?? EVERYTHING;
  return slice.count > 0 ? slice : null;
}

/** Elements from one index to the next along axis `index` of a tensor; of one stored by columns, from one rank's to the next's. */
function axisStride(tensor: Tensor, index: number, { places }: LoweringContext): number {
  if (isStoredByColumns(tensor, places.byColumns)) return Number(tensor.shape[0]);
  return elementCount(tensor.shape.slice(index + 1));
}

/** An operand as a node knows it. */
interface Use {
  readonly tensor: Tensor;
  readonly axes: readonly string[];
}

function useOf(node: Node, side: "input" | "output", index: number): Use {
  const [tensors, axes] =
    side === "output" ? [node.outputs, node.op.axes(node).outputs] : [node.inputs, node.op.axes(node).inputs];
  return { tensor: tensors[index], axes: axes[index] };
}

/** Which axis of the operand the ranks divide, or −1. Throws for columns that are stored apart but not divided. */
function dividedAxis(node: Node, { tensor, axes }: Use, { places }: LoweringContext): number {
  const index = axes.indexOf(splitOf(node)?.axis ?? "");
  if (index !== 1 && isStoredByColumns(tensor, places.byColumns))
    throw new Error(`${node.op.name} needs all columns of ${tensor.name}, which are stored apart`);
  return index;
}

function address(node: Node, use: Use, share: Share, context: LoweringContext): Argument {
  const { tensor } = use;
  const base = addressOf(context.places, tensor, context.rank);
  const index = dividedAxis(node, use, context);
  const bytes = axisStride(tensor, Math.max(index, 0), context) * ELEMENT_BYTES[tensor.type];
  if (tensor.kind === "stream" && share === "whole") return { base, stride: bytes, times: STEP.start };
  if (index < 0) return constant(base);
  if (share === "batch")
    return { base, stride: bytes, times: tensor.kind === "stream" ? STEP.sample : STEP.firstRow };
  return constant(base + (isSlice(share) ? share.first * bytes : 0));
}

const isSlice = (share: Share): share is Slice => share !== null && typeof share === "object";

/** Elements from one row to the next as stored. */
function rowStride(node: Node, use: Use, share: Share, context: LoweringContext): number {
  dividedAxis(node, use, context);
  const { byColumns } = context.places;
  return isStoredByColumns(use.tensor, byColumns) && isSlice(share)
    ? share.count
    : rowWidth(use.tensor.shape);
}

/** The number of elements of the rank's slice of an operand. */
function sliceElements(node: Node, { tensor, axes }: Use, share: Share): Argument {
  const varies = (axis: string, index: number) =>
    axis === splitOf(node)?.axis || tensor.shape[index] === "batch";
  const at = Math.max(axes.findIndex(varies), 0);
  const others = tensor.shape.reduce<number>(
    (product, extent, index) => (index === at ? product : product * Number(extent)),
    1,
  );
  return lengthOf(node, axes[at], others, share);
}

function lengthOf(node: Node, axis: string, times: number, share: Share): Argument {
  if (axis === "batch") return { base: 0, stride: times, times: STEP.batch };
  const isSplit = splitOf(node)?.axis === axis;
  if (isSplit && share === "batch") return { base: 0, stride: times, times: STEP.rows };
  if (isSplit && isSlice(share)) return constant(share.count * times);
  const extents = accessesOf(node).map(({ tensor, axes }) => tensor.shape[axes.indexOf(axis)]);
  const extent = extents.find((candidate) => candidate !== undefined);
  return extent === "batch"
    ? { base: 0, stride: times, times: STEP.batch }
    : constant(Number(extent ?? 1) * times);
}

function argument(node: Node, operand: Operand, share: Share, context: LoweringContext): Argument {
  if (typeof operand === "number") return constant(operand);
  if ("scratch" in operand) return constant(context.places.scratch);
  if ("length" in operand) return lengthOf(node, operand.length, operand.times ?? 1, share);
  if ("elements" in operand) return sliceElements(node, useOf(node, operand.elements, operand.index), share);
  if ("stride" in operand)
    return constant(rowStride(node, useOf(node, operand.stride, operand.index), share, context));
  return address(node, useOf(node, operand.address, operand.index), share, context);
}

/** Indices of an axis that the rank executes in a full step: what cost and scratch are reckoned with. */
function fullLength(node: Node, axis: string, share: Share, { batch, rank, ranks }: LoweringContext): number {
  const isSplit = splitOf(node)?.axis === axis;
  if (isSplit && share === "batch") return rowsOf(batch, rank, ranks).rows;
  if (isSplit && isSlice(share)) return share.count;
  return axisLength(node, axis, batch);
}

function instruction(
  node: Node,
  id: number,
  dependencies: number[],
  share: Share,
  context: LoweringContext,
): Instruction {
  const { kernel, operands } = node.op.call(node);
  const cost = node.op.cost((axis) => fullLength(node, axis, share, context));
  const sizes = Object.keys(node.op.axes(node).roles).map((axis) => fullLength(node, axis, share, context));
  return {
    id,
    kind: node.op.kind,
    stage: 0,
    microBatch: 0,
    kernel,
    arguments: operands.map((operand) => argument(node, operand, share, context)),
    dependencies,
    peer: -1,
    bytes: cost.bytes,
    flops: cost.flops,
    costKey: `${kernel} ${sizes.join("×")}`,
  };
}

function barrier(id: number): Instruction {
  const dependencies = Array.from({ length: id }, (_, earlier) => earlier);
  const nothing = { stage: 0, microBatch: 0, kernel: null, arguments: [], peer: -1, bytes: 0, flops: 0 };
  return { id, kind: "barrier", dependencies, costKey: "barrier", ...nothing };
}

/** The program of `context.rank`: its share of every phase, each phase closed by a barrier. */
export function lower(context: LoweringContext): Program {
  const phases = context.places.phases.map((phase) =>
    phase.map((node) => ({ node, share: shareOf(node, context) })).filter(({ share }) => share !== null),
  );
  const before = predecessors(phases.flat().map(({ node }) => node));
  const instructions: Instruction[] = [];
  const ids: number[] = [];
  for (const phase of phases) {
    for (const { node, share } of phase) {
      const id = instructions.length;
      const dependencies = before[ids.length].map((earlier) => ids[earlier]);
      instructions.push(instruction(node, id, dependencies, share, context));
      ids.push(id);
    }
    instructions.push(barrier(instructions.length));
  }
  return { rank: context.rank, instructions };
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
