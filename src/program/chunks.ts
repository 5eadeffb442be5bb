/**
 * Gradients to which every process adds its samples' part: which they are, and the chunks in which they go
 * from process to process.
 *
 * Ordered, a chunk's sums are one chain through all processes, and its result comes back the way it came:
 *
 *     process 0   rows 0…15 ──▶ process 1   rows 16…31 ──▶ process 2   rows 32…47 ─╮
 *             ◀──────────────────────── ◀─────────────────────────────────────────╯
 *
 * Sharded, a chunk is made by one process, of all samples, and sent to the others: all ranks of the world take turns.
 *
 *     process 0   chunk 0 ──▶ 1, 2      process 1   chunk 1 ──▶ 0, 2      process 2   chunk 2 ──▶ 0, 1
 *
 * By any other algorithm each process sums its samples' part for itself, and the parts are added afterwards. While a chunk is
 * under way the processes work on others: but for shards, chunk c belongs to rank c mod R of every process of R ranks.
 */
import type { AllreduceName } from "../collective/algorithms.ts";
import { ELEMENT_BYTES, type Node, rowWidth, type Slice, type Tensor } from "../graph/tensor.ts";
import { blockRows } from "./partition.ts";
import { splitOf } from "./split.ts";

/**
 * How processes come to a gradient, which is a sum over all samples. "exchange": each is sent what the
 * others' samples give and sums it all itself; "sharded": it sums a part, and is sent the rest; "ordered":
 * each goes on with the sums of the process before it; else an allreduce of what each has summed.
 */
export type SumForm = "exchange" | "sharded" | "ordered" | AllreduceName;

/** How a job's processes come to their gradients. */
export interface SumPlan {
  /** The form for the gradient of a parameter. */
  readonly formOf: (parameter: Tensor) => SumForm;
  /** Its gradient is cut into chunks of at most about so many bytes. */
  readonly chunkBytesOf: (parameter: Tensor) => number;
  /** Gradients of fewer bytes are small: those of one phase and form travel together. */
  readonly smallBytesOf: (form: SumForm) => number;
}

/**
 * Where a message more would cost more than to put gradients together and take them apart again, or to make a
 * shard of all samples: an allreduce takes several messages one after the other, while other chunks go on
 * behind each other.
 */
export const smallBytesOf = (form: SumForm): number =>
  form === "ordered" || form === "sharded" ? 32768 : 524288;

const CHUNK_BYTES = 1048576;

/** All gradients in one form. */
export const allBy = (form: SumForm): SumPlan => ({
  ...{ formOf: () => form, chunkBytesOf: () => CHUNK_BYTES, smallBytesOf },
});

export interface ChunkPart {
  readonly node: Node;
  /** Rows of the node's output. */
  readonly slice: Slice;
}

export interface Chunk {
  /** The phase of its nodes. */
  readonly phase: number;
  readonly form: Exclude<SumForm, "exchange">;
  readonly parts: readonly ChunkPart[];
}

/** Whether a node sums over samples and can go on with what others have summed. */
export const sumsOverSamples = (node: Node): boolean => {
  const [output, ...others] = node.outputs;
  return (
    others.length === 0 &&
    output?.of !== undefined &&
    output.kind === "value" &&
    node.inputs.some(({ shape }) => shape[0] === "batch") &&
    node.op.call(node).operands.some((operand) => typeof operand === "object" && "continues" in operand)
  );
};

/** Whether a process sums over its own samples only. */
export const sumsOwnSamples =
  (plan: SumPlan) =>
  (node: Node): boolean =>
    sumsOverSamples(node) && !["exchange", "sharded"].includes(formOf(node, plan));

/**
 * Whether the processes make a node's sums in chunks. Of shards none is small: what goes into it is there,
 * and costs no message.
 */
export const isChunked =
  (plan: SumPlan) =>
  (node: Node): boolean =>
    sumsOwnSamples(plan)(node) ||
    (sumsOverSamples(node) && formOf(node, plan) === "sharded" && !isSmall(node, plan));

/** The chunks of all nodes that are made in chunks, in the order in which their ranks make them. */
export function listChunks(phases: readonly (readonly Node[])[], plan: SumPlan): Chunk[] {
  return phases.flatMap((nodes, phase) => {
    const chunked = nodes.filter(isChunked(plan));
    const forms = new Set(chunked.map((node) => formOf(node, plan) as Chunk["form"]));
    return [...forms].flatMap((form) =>
      partsOf(
        chunked.filter((node) => formOf(node, plan) === form),
        plan,
      ).map((parts): Chunk => ({ phase, form, parts })),
    );
  });
}

/** The parts of each chunk. */
function partsOf(nodes: readonly Node[], plan: SumPlan): ChunkPart[][] {
  const small = nodes.filter((node) => isSmall(node, plan));
  const together = small.map((node) => ({ node, slice: { first: 0, count: rowsOf(node) } }));
  const large = nodes.filter((node) => !isSmall(node, plan));
  return [
    ...(together.length > 0 ? [together] : []),
    ...large.flatMap((node) => slicesOf(node, chunkBytes(node, plan)).map((slice) => [{ node, slice }])),
  ];
}

const chunkBytes = (node: Node, plan: SumPlan): number => plan.chunkBytesOf(node.outputs[0].of as Tensor);
const formOf = (node: Node, plan: SumPlan): SumForm => plan.formOf(node.outputs[0].of as Tensor);
const isSmall = (node: Node, plan: SumPlan): boolean => bytesOf(node) < plan.smallBytesOf(formOf(node, plan));

/**
 * The same phases, in each of which the small gradients come first: they travel together, so that the last of
 * them holds up all, and whoever waits for them. What they are summed of was made in an earlier phase.
 */
export function smallFirst(phases: readonly (readonly Node[])[], plan: SumPlan): Node[][] {
  const comesFirst = (node: Node) => isChunked(plan)(node) && isSmall(node, plan);
  return phases.map((nodes) => [...nodes.filter(comesFirst), ...nodes.filter((node) => !comesFirst(node))]);
}

const rowsOf = (node: Node): number => Number(splitOf(node)?.extent);
const rowBytesOf = ({ outputs: [{ shape, type }] }: Node): number => rowWidth(shape) * ELEMENT_BYTES[type];
const bytesOf = (node: Node): number => rowsOf(node) * rowBytesOf(node);

/** Runs of whole blocks of rows, as even as blocks allow. */
function slicesOf(node: Node, chunkBytes: number): Slice[] {
  const rows = rowsOf(node);
  const block = blockRows(node.outputs[0].shape as number[]);
  const slices = Math.max(1, Math.round(bytesOf(node) / chunkBytes));
  const count = block * Math.ceil(rows / (block * slices));
  return Array.from({ length: Math.ceil(rows / count) }, (_, index) => {
    const first = index * count;
    return { first, count: Math.min(count, rows - first) };
  });
}
