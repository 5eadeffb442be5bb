/**
 * From crossings and chunks to transfers, as plain data: what a process sends to whom, when, from where, to the same place there.
 *
 * Small tensors of one phase travel together, since a message costs more than its bytes; a large one leaves as soon as it exists.
 */
import { ELEMENT_BYTES, elementCount, type Node, rowWidth, type Tensor } from "../graph/tensor.ts";
import { allBy, type Chunk, isChunked, listChunks, type SumPlan } from "./chunks.ts";
import { type Crossing, type CrossingPlan, crossingsOf } from "./crossings.ts";
import type { Slice } from "./partition.ts";
import { processCount, rowsOfProcess, type World } from "./world.ts";

/** Rows of one tensor: a constant slice, or the sender's rows of the step's batch. */
export interface Piece {
  /** What it is called in messages to people. */
  readonly name: string;
  /** Address of the tensor's first row. */
  readonly base: number;
  readonly rowBytes: number;
  readonly rows: Slice | "batch";
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
}

/** What a transfer is called where many are listed. */
export function operationName({ pieces, sender }: Pick<Transfer, "pieces" | "sender">): string {
  const [first, second, ...others] = pieces.map(({ name }) => name);
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return `${second === undefined ? first : `${first}, ${second}${more}`} of process ${sender}`;
}

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
  const { crossings, repeated } = crossingsOf(phases, isChunked(sums));
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
 * The numbers of transfers: every bundle by its sender, then of every chunk the sums on their way up and the result on its way
 * down, both by their sender; process P−1 sends no sums on, process 0 no result.
 */
export class TransferIds {
  readonly #plan: TransferPlan;
  readonly #processes: number;

  constructor(plan: TransferPlan) {
    this.#plan = plan;
    this.#processes = processCount(plan.world);
  }

  ofBundle(bundle: number, sender: number): number {
    return bundle * this.#processes + sender;
  }

  ofSums(chunk: number, sender: number): number {
    return this.#ofChunk(chunk) + sender;
  }

  ofResult(chunk: number, sender: number): number {
    return this.#ofChunk(chunk) + this.#processes - 1 + sender - 1;
  }

  #ofChunk(chunk: number): number {
    return this.#plan.bundles.length * this.#processes + chunk * 2 * (this.#processes - 1);
  }
}

/** All transfers, by id. `addressOf` says where a tensor lies. */
export function listTransfers(plan: TransferPlan, addressOf: (tensor: Tensor) => number): Transfer[] {
  const everyone = Array.from({ length: processCount(plan.world) }, (_, process) => process);
  const ids = new TransferIds(plan);
  const piece = (tensor: Tensor, node: Node, rows: Piece["rows"]): Piece => ({
    name: tensor.name || `what ${node.op.name} ${node.id} made`,
    base: addressOf(tensor),
    rowBytes: rowWidth(tensor.shape) * ELEMENT_BYTES[tensor.type],
    rows,
  });
  const bundles = plan.bundles.flatMap(({ phase, crossings }, index) =>
    everyone.map((sender): Transfer => {
      const pieces = crossings.map(({ tensor, node }) => piece(tensor, node, "batch"));
      const receivers = everyone.filter((process) => process !== sender);
      const parts = pieces.length * plan.world.ranks[sender];
      return { id: ids.ofBundle(index, sender), sender, receivers, phase, pieces, parts, next: -1 };
    }),
  );
  const last = everyone.length - 1;
  const chunks = plan.chunks.flatMap(({ phase, parts }, chunk): Transfer[] => {
    const pieces = parts.map(({ node, slice }) => piece(node.outputs[0], node, slice));
    const sums = everyone.slice(0, last).map((sender): Transfer => {
      const way = { id: ids.ofSums(chunk, sender), sender, receivers: [sender + 1] };
      return { ...way, phase, pieces, parts: parts.length, next: -1 };
    });
    const results = everyone.slice(1).map((sender): Transfer => {
      const way = { id: ids.ofResult(chunk, sender), sender, receivers: [sender - 1] };
      const next = sender > 1 ? ids.ofResult(chunk, sender - 1) : -1;
      return { ...way, phase, pieces, parts: sender === last ? parts.length : 0, next };
    });
    return [...sums, ...results];
  });
  return [...bundles, ...chunks];
}

/** Where the bytes of a piece lie in a step of `batch` samples. */
export function placeOf({ base, rowBytes, rows }: Piece, world: World, sender: number, batch: number) {
  if (typeof rows === "object")
    return { address: base + rows.first * rowBytes, bytes: rows.count * rowBytes };
  const { first, rows: count } = rowsOfProcess(world, batch, sender);
  return { address: base + first * rowBytes, bytes: count * rowBytes };
}
