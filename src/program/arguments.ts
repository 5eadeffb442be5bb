/** The arguments of an instruction: addresses, lengths and strides of what one rank executes of a node. */
import type { Operand } from "../graph/op.ts";
import {
  ELEMENT_BYTES,
  elementCount,
  type Node,
  rowWidth,
  type Slice,
  type Tensor,
} from "../graph/tensor.ts";
import { columnsOffset } from "./columns.ts";
import { type Argument, microBatchStep, type RowsStep, STEP } from "./instruction.ts";
import { axisLength, type Partition } from "./partition.ts";
import { type PipelinePlace, rowsOfMicroBatch } from "./pipeline-place.ts";
import { addressOf, type Places } from "./place.ts";
import { accessesOf, splitOf } from "./split.ts";
import { rowsOfOthers, rowsOfProcess, rowsOfRank, type World } from "./world.ts";

export interface LoweringContext {
  readonly rank: number;
  readonly world: World;
  /** Samples of a full step. */
  readonly batch: number;
  readonly partition: Partition;
  readonly places: Places;
  /** The rank's place in a pipeline; null without one. */
  readonly pipeline: PipelinePlace | null;
}

/**
 * What the rank executes of a node: a constant slice; its rows of the step's batch, or of a micro-batch; its
 * share of the rows that fall to the processes before and after; or all.
 */
export type Share = Slice | Rows | "whole";
type Rows = keyof typeof ROWS | Tile;

/** Rows, and of them all columns or some. */
export interface Tile {
  /** null: all rows of the step's batch. */
  readonly microBatch: number | null;
  /** Of the rows that fall to others, instead of its own. */
  readonly others?: "before" | "after";
  /** Not all columns, but a slice of them; the axis that runs over them; whose they are, where these stand apart. */
  readonly columns?: { readonly axis: string; readonly slice: Slice; readonly owner?: number };
}

const ROWS = {
  batch: { rows: STEP.rows, first: STEP.firstRow, sample: STEP.sample },
  before: { rows: STEP.rowsBefore, first: STEP.firstBefore, sample: STEP.sampleBefore },
  after: { rows: STEP.rowsAfter, first: STEP.firstAfter, sample: STEP.sampleAfter },
} as const;

function stepOf(rows: Rows): RowsStep {
  if (typeof rows !== "object") return ROWS[rows];
  if (rows.microBatch === null) return ROWS[rows.others ?? "batch"];
  const step = microBatchStep(rows.microBatch);
  return rows.others ? step[rows.others] : step;
}

/** The columns that a share is cut to along an axis; null where it has all. */
const cutAlong = (share: Share, axis: string): Tile["columns"] | null =>
  typeof share === "object" && "columns" in share && share.columns?.axis === axis ? share.columns : null;

const columnsAlong = (share: Share, axis: string): Slice | null => cutAlong(share, axis)?.slice ?? null;

/** One rank's columns of the first input, as a part of a node's sums: `axis` runs over them. */
export interface ChainLink {
  readonly axis: string;
  readonly slice: Slice;
  readonly owner: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Sums over some of the step's samples only, which go on with what was summed before or begin anew. */
export interface PartialSums {
  readonly goesOn: boolean;
  /** The micro-batch with which the samples end; null: this process's samples. */
  readonly microBatch: number | null;
}

/** The step parameters of partial sums: how many rows, and the first of them within the batch. */
function stepOfSums({ microBatch }: PartialSums): { rows: number; first: number } {
  if (microBatch === null) return { rows: STEP.rowsHere, first: STEP.firstHere };
  const { summedRows, summedFirst } = microBatchStep(microBatch);
  return { rows: summedRows, first: summedFirst };
}

/** A call of a node's kernel on one rank; `link` where it takes several calls to go through a chain. */
export interface Call {
  readonly node: Node;
  readonly share: Share;
  readonly link: ChainLink | null;
  /** null where the sums run over all samples of the step, or over none. */
  readonly partial: PartialSums | null;
  readonly context: LoweringContext;
}

/** An operand as a node knows it. */
interface Use {
  readonly tensor: Tensor;
  readonly axes: readonly string[];
}

const constant = (base: number): Argument => ({ base, stride: 0, times: STEP.none });

const isSlice = (share: Share): share is Slice => typeof share === "object" && "count" in share;
const isRows = (share: Share): share is Rows => !isSlice(share) && share !== "whole";

function useOf(node: Node, side: "input" | "output", index: number): Use {
  const [tensors, axes] =
    side === "output" ? [node.outputs, node.op.axes(node).outputs] : [node.inputs, node.op.axes(node).inputs];
  return { tensor: tensors[index], axes: axes[index] };
}

/** Whose columns of a matrix that is stored by columns the call takes. */
function columnsOf(
  { node, share, link, context }: Call,
  { tensor, axes }: Use,
): { slice: Slice; owner: number } {
  if (link?.axis === axes[1]) return link;
  const columns = cutAlong(share, axes[1]);
  if (columns?.owner !== undefined) return { slice: columns.slice, owner: columns.owner };
  if (splitOf(node)?.axis === axes[1] && isSlice(share)) return { slice: share, owner: context.rank };
  throw new Error(`${node.op.name} needs all columns of ${tensor.name}, which are stored apart`);
}

function addressByColumns(call: Call, use: Use): Argument {
  const { node, share, context } = call;
  const { slice, owner } = columnsOf(call, use);
  const rows = use.tensor.shape[0] === "batch" ? context.batch : Number(use.tensor.shape[0]);
  const base = addressOf(context.places, use.tensor, context.rank) + columnsOffset(slice.first, rows, owner);
  if (!isRows(share) || splitOf(node)?.axis !== use.axes[0]) return constant(base);
  return { base, stride: 4 * slice.count, times: stepOf(share).first };
}

/** Bytes from one index to the next along axis `index` of a tensor that is stored row after row. */
function axisBytes({ shape, type }: Tensor, index: number): number {
  return elementCount(shape.slice(index + 1)) * ELEMENT_BYTES[type];
}

/** Bytes from a tensor's beginning to the first of the columns that a call takes of it. */
function columnsBytes({ share, link }: Call, { tensor, axes }: Use): number {
  const linked = axes.indexOf(link?.axis ?? "");
  if (link && linked >= 0) return link.slice.first * axisBytes(tensor, linked);
  const sliced = axes.findIndex((axis) => columnsAlong(share, axis) !== null);
  return sliced < 0 ? 0 : (columnsAlong(share, axes[sliced]) as Slice).first * axisBytes(tensor, sliced);
}

function address(call: Call, use: Use): Argument {
  const { node, share, partial, context } = call;
  const { tensor, axes } = use;
  if (context.places.byColumns.has(tensor)) return addressByColumns(call, use);
  const base = addressOf(context.places, tensor, context.rank) + columnsBytes(call, use);
  if (tensor.kind === "stream" && share === "whole")
    return { base, stride: axisBytes(tensor, 0), times: STEP.start };
  const index = axes.indexOf(splitOf(node)?.axis ?? "");
  const bytes = index < 0 ? 0 : axisBytes(tensor, index);
  if (index >= 0 && isRows(share))
    return { base, stride: bytes, times: stepOf(share)[tensor.kind === "stream" ? "sample" : "first"] };
  const first = base + (isSlice(share) ? share.first * bytes : 0);
  const samples = tensor.shape.indexOf("batch");
  if (!partial || samples < 0) return constant(first);
  return { base: first, stride: axisBytes(tensor, samples), times: stepOfSums(partial).first };
}

/** Elements from one row to the next as stored. */
function rowStride(call: Call, use: Use): number {
  const isApart = call.context.places.byColumns.has(use.tensor);
  return isApart ? columnsOf(call, use).slice.count : rowWidth(use.tensor.shape);
}

/** The number of elements of the rank's slice of an operand that lies in one piece. */
function sliceElements(call: Call, { tensor, axes }: Use): Argument {
  const { node, share } = call;
  const divided = axes.indexOf(splitOf(node)?.axis ?? "");
  const at = tensor.shape[0] === "batch" ? 0 : Math.max(divided, 0);
  const others = tensor.shape.reduce<number>((product, extent, index) => {
    if (index === at) return product;
    return product * (index === divided && isSlice(share) ? share.count : Number(extent));
  }, 1);
  return lengthOf(call, axes[at], others);
}

function lengthOf({ node, share, link, partial }: Call, axis: string, times: number): Argument {
  if (axis === "batch") return { base: 0, stride: times, times: STEP.batch };
  if (link?.axis === axis) return constant(link.slice.count * times);
  const columns = columnsAlong(share, axis);
  if (columns !== null) return constant(columns.count * times);
  const isSplit = splitOf(node)?.axis === axis;
  if (isSplit && isRows(share)) return { base: 0, stride: times, times: stepOf(share).rows };
  if (isSplit && isSlice(share)) return constant(share.count * times);
  const extents = accessesOf(node).map(({ tensor, axes }) => tensor.shape[axes.indexOf(axis)]);
  const extent = extents.find((candidate) => candidate !== undefined);
  return extent === "batch"
    ? { base: 0, stride: times, times: partial ? stepOfSums(partial).rows : STEP.batch }
    : constant(Number(extent ?? 1) * times);
}

export function argument(call: Call, operand: Operand): Argument {
  const { node, link, partial, context } = call;
  if (typeof operand === "number") return constant(operand);
  if ("scratch" in operand) return constant(context.places.scratch);
  if ("length" in operand) return lengthOf(call, operand.length, operand.times ?? 1);
  if ("continues" in operand) return constant((link && !link.isFirst) || partial?.goesOn ? 1 : 0);
  if ("atTheEnd" in operand) return link && !link.isLast ? constant(0) : argument(call, operand.atTheEnd);
  if ("elements" in operand) return sliceElements(call, useOf(node, operand.elements, operand.index));
  if ("stride" in operand) return constant(rowStride(call, useOf(node, operand.stride, operand.index)));
  return address(call, useOf(node, operand.address, operand.index));
}

/** Indices of an axis that the rank executes in a full step: what cost is reckoned with. */
export function fullLength({ node, share, link, partial, context }: Call, axis: string): number {
  if (link?.axis === axis) return link.slice.count;
  const columns = columnsAlong(share, axis);
  if (columns !== null) return columns.count;
  const isSplit = splitOf(node)?.axis === axis;
  if (isSplit && isRows(share)) return fullRows(share, context);
  if (isSplit && isSlice(share)) return share.count;
  return axisLength(node, axis, partial ? fullSums(partial, context) : context.batch);
}

function fullRows(rows: Rows, { world, batch, rank, pipeline }: LoweringContext): number {
  if (typeof rows === "object" && rows.microBatch !== null && pipeline)
    return rowsOfMicroBatch(pipeline, batch, rows.microBatch)[rows.others ?? "own"].rows;
  const whose = typeof rows === "object" ? (rows.others ?? "batch") : rows;
  return whose === "batch"
    ? rowsOfRank(world, batch, rank).rows
    : rowsOfOthers(world, batch, rank)[whose].rows;
}

function fullSums({ microBatch }: PartialSums, { world, batch, pipeline }: LoweringContext): number {
  if (microBatch === null || !pipeline) return rowsOfProcess(world, batch, world.self).rows;
  return rowsOfMicroBatch(pipeline, batch, microBatch).summed.rows;
}
