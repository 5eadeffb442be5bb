/**
 * From crossings and chunks to transfers, as plain data: what a process sends to whom, when, from where, to the same place there.
 *
 * Small tensors of one phase travel together, since a message costs more than its bytes; a large one leaves as soon as it exists.
 */
import type { AllreduceName } from "../collective/algorithms.ts";
import {
  ELEMENT_BYTES,
  elementCount,
  type Node,
  rowWidth,
  type Slice,
  type Tensor,
} from "../graph/tensor.ts";
import { allBy, type Chunk, listChunks, type SumPlan, sumsOwnSamples } from "./chunks.ts";
import { type Crossing, type CrossingPlan, crossingsOf } from "./crossings.ts";
import { processCount, turnOf, type World } from "./world.ts";

/** Rows of one tensor: a constant slice, the sender's rows of the step's batch, or those of some replicas of a pipeline. */
export interface Piece {
  /** What it is called in messages to people. */
  readonly name: string;
  /** Address of the tensor's first row. */
  readonly base: number;
  readonly rowBytes: number;
  readonly rows: Slice | "batch" | ReplicaRows;
  /** Not whole rows, but so many bytes of each, from so many on. */
  readonly columns?: { readonly firstByte: number; readonly bytes: number };
}

/** Rows of some of a pipeline's replicas, of one micro-batch or of all. */
export interface ReplicaRows {
  readonly replicas: Slice;
  /** Of so many. */
  readonly allReplicas: number;
  readonly microBatch: number | "all";
  readonly microBatches: number;
}

export interface Transfer {
  readonly id: number;
  /** The process that sends it, and those that receive it. */
  readonly sender: number;
  readonly receivers: readonly number[];
  /** The phase in which it is made: a receiver may be sent it once it has entered that phase. */
  readonly phase: number;
  readonly pieces: readonly Piece[];
  /** How often ranks say that a part is made until it is whole; 0 for what is passed on as it arrives. */
  readonly parts: number;
  /** The transfer by which its receiver passes on what arrived; −1 for none. */
  readonly next: number;
  /** The algorithm by which all processes add what they have made; null for what one of them sends. */
  readonly allreduce: AllreduceName | null;
}

/** What a transfer takes along, for people: "a, b and 2 more". */
export function namesOf({ pieces }: Pick<Transfer, "pieces">): string {
  const [first, second, ...others] = pieces.map(({ name }) => name);
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return second === undefined ? first : `${first}, ${second}${more}`;
}

/** What a transfer is called where many are listed. */
export function operationName(transfer: Transfer): string {
  const { sender, allreduce } = transfer;
  const names = namesOf(transfer);
  return allreduce === null ? `${names} of process ${sender}` : `${allreduce} of ${names}`;
}

/** The sender of what all processes add. */
const NOBODY = -1;

/** Tensors of which a process makes fewer bytes than this travel together. */
const SMALL_BYTES = 32768;

/** What goes on one message, for every process alike. */
interface Bundle {
  readonly phase: number;
  readonly crossings: Crossing[];
}

export interface TransferPlan extends Pick<CrossingPlan, "repeated"> {
  readonly world: World;
  readonly bundles: readonly Bundle[];
  readonly chunks: readonly Chunk[];
}

export function planTransfers(
  phases: readonly (readonly Node[])[],
  batch: number,
  world: World,
  sums: SumPlan = allBy("exchange"),
): TransferPlan {
  if (processCount(world) === 1) return { world, bundles: [], chunks: [], repeated: new Set() };
  const { crossings, repeated } = crossingsOf(phases, sumsOwnSamples(sums));
  const bundles = bundle(crossings, SMALL_BYTES * processCount(world), batch);
  return { world, bundles, chunks: listChunks(phases, sums), repeated };
}

function bundle(crossings: readonly Crossing[], smallBytes: number, batch: number): Bundle[] {
  const bundles: Bundle[] = [];
  const smallOf = new Map<number, Bundle>();
  for (const crossing of crossings) {
    const { phase } = crossing;
    const isSmall = bytesOf(crossing, batch) < smallBytes;
    const together = isSmall ? smallOf.get(phase) : undefined;
    if (together) together.crossings.push(crossing);
    else {
      const bundle = { phase, crossings: [crossing] };
      bundles.push(bundle);
      if (isSmall) smallOf.set(phase, bundle);
    }
  }
  return bundles;
}

const bytesOf = ({ tensor }: Crossing, batch: number): number =>
  elementCount(tensor.shape, batch) * ELEMENT_BYTES[tensor.type];

/**
 * The numbers of transfers: every bundle by its sender; then of every ordered chunk the sums on their way up
 * and the result on its way down, both by their sender (process P−1 sends no sums on, process 0 no result);
 * of every shard and other chunk one number.
 */
export class TransferIds {
  readonly #processes: number;
  /** By chunk: its first number. */
  readonly #first: number[] = [];

  constructor({ world, bundles, chunks }: TransferPlan) {
    this.#processes = processCount(world);
    let next = bundles.length * this.#processes;
    for (const { form } of chunks) {
      this.#first.push(next);
      next += form === "ordered" ? 2 * (this.#processes - 1) : 1;
    }
  }

  ofBundle(bundle: number, sender: number): number {
    return bundle * this.#processes + sender;
  }

  ofSums(chunk: number, sender: number): number {
    return this.#first[chunk] + sender;
  }

  ofResult(chunk: number, sender: number): number {
    return this.#first[chunk] + this.#processes - 1 + sender - 1;
  }

  ofChunk(chunk: number): number {
    return this.#first[chunk];
  }
}

/** Rows of what a node made, which lies at an address. */
export const pieceAt = (base: number, tensor: Tensor, node: Node, rows: Piece["rows"]): Piece => ({
  name: tensor.name || `what ${node.op.name} ${node.id} made`,
  base,
  rowBytes: rowWidth(tensor.shape) * ELEMENT_BYTES[tensor.type],
  rows,
});

/** All transfers, by id. `addressOf` says where a tensor lies. */
export function listTransfers(plan: TransferPlan, addressOf: (tensor: Tensor) => number): Transfer[] {
  const ids = new TransferIds(plan);
  const pieceOf = (tensor: Tensor, node: Node, rows: Piece["rows"]): Piece =>
    pieceAt(addressOf(tensor), tensor, node, rows);
  const bundles = plan.bundles.flatMap(({ phase, crossings }, index) => {
    const pieces = crossings.map(({ tensor, node }) => pieceOf(tensor, node, "batch"));
    return transfersOfBundle(plan.world, ids, index, { phase, pieces });
  });
  const chunks = plan.chunks.flatMap(({ phase, form, parts }, chunk): Transfer[] => {
    const pieces = parts.map(({ node, slice }) => pieceOf(node.outputs[0], node, slice));
    if (form === "ordered") return transfersOfChunk(plan.world, ids, chunk, { phase, pieces });
    const load = { id: ids.ofChunk(chunk), phase, pieces, parts: pieces.length, next: -1 };
    if (form !== "sharded") return [{ ...load, sender: NOBODY, receivers: [], allreduce: form }];
    const sender = turnOf(plan.world, chunk).process;
    return [{ ...load, sender, receivers: othersThan(sender, plan.world), allreduce: null }];
  });
  return [...bundles, ...chunks];
}

const everyone = (world: World): number[] => Array.from({ length: processCount(world) }, (_, index) => index);
const othersThan = (self: number, world: World): number[] =>
  everyone(world).filter((process) => process !== self);

type Load = Pick<Transfer, "phase" | "pieces">;

function transfersOfBundle(world: World, ids: TransferIds, bundle: number, load: Load): Transfer[] {
  return everyone(world).map((sender) => ({
    id: ids.ofBundle(bundle, sender),
    sender,
    receivers: othersThan(sender, world),
    ...load,
    parts: load.pieces.length * world.ranks[sender],
    next: -1,
    allreduce: null,
  }));
}

function transfersOfChunk(world: World, ids: TransferIds, chunk: number, load: Load): Transfer[] {
  const last = processCount(world) - 1;
  const parts = load.pieces.length;
  const sums = everyone(world)
    .slice(0, last)
    .map((sender): Transfer => {
      const id = ids.ofSums(chunk, sender);
      return { id, sender, receivers: [sender + 1], ...load, parts, next: -1, allreduce: null };
    });
  const results = everyone(world)
    .slice(1)
    .map((sender): Transfer => {
      const id = ids.ofResult(chunk, sender);
      const next = sender > 1 ? ids.ofResult(chunk, sender - 1) : -1;
      const made = sender === last ? parts : 0;
      return { id, sender, receivers: [sender - 1], ...load, parts: made, next, allreduce: null };
    });
  return [...sums, ...results];
}
