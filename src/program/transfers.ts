/**
 * From crossings to transfers, as plain data: what a process sends to all others, when, from where, and to the same place there.
 *
 * Small tensors of one phase travel together, since a message costs more than its bytes; a large one leaves as soon as it exists.
 */
import { ELEMENT_BYTES, elementCount, type Node } from "../graph/tensor.ts";
import { type Crossing, type CrossingPlan, crossingsOf } from "./crossings.ts";
import type { Slice } from "./partition.ts";
import { processCount, rowsOfProcess, type World } from "./world.ts";

/** A run of rows of one tensor. */
export interface Piece {
  /** What it is called in messages to people. */
  readonly name: string;
  /** Address of the tensor's first row. */
  readonly base: number;
  readonly rowBytes: number;
  /** Rows that are always the same, or null for the sender's rows of the step's batch. */
  readonly rows: Slice | null;
}

export interface Transfer {
  readonly id: number;
  /** The process that sends it; all others receive it. */
  readonly sender: number;
  /** The phase in which it is made: a receiver may be sent it once it has entered that phase. */
  readonly phase: number;
  readonly pieces: readonly Piece[];
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
  readonly phaseCount: number;
  readonly bundles: readonly Bundle[];
}

export function planTransfers(
  phases: readonly (readonly Node[])[],
  batch: number,
  world: World,
  divided: ReadonlySet<string> = new Set(),
): TransferPlan {
  const nothing = { world, phaseCount: phases.length, bundles: [], repeated: new Set<Node>() };
  if (processCount(world) === 1) return nothing;
  const { crossings, repeated } = crossingsOf(phases, divided);
  const bundles: Bundle[] = [];
  const smallOf = new Map<number, Bundle>();
  for (const crossing of crossings) {
    const { phase } = crossing;
    const isSmall = bytesOf(crossing, batch) < SMALL_BYTES * processCount(world);
    const together = isSmall ? smallOf.get(phase) : undefined;
    if (together) together.crossings.push(crossing);
    else {
      const bundle = { phase, crossings: [crossing] };
      bundles.push(bundle);
      if (isSmall) smallOf.set(phase, bundle);
    }
  }
  return { ...nothing, bundles, repeated };
}

const bytesOf = ({ tensor }: Crossing, batch: number): number =>
  elementCount(tensor.shape, batch) * ELEMENT_BYTES[tensor.type];

/** The number of a process's transfer of a bundle. */
export const transferId = ({ world }: TransferPlan, bundle: number, sender: number): number =>
  bundle * processCount(world) + sender;

/** All transfers, by id. `addressOf` says where a tensor lies, `slicesOf` which rows of a family belong to each process. */
export function listTransfers(
  plan: TransferPlan,
  addressOf: (crossing: Crossing) => number,
  slicesOf: (family: string) => readonly Slice[],
): Transfer[] {
  const processes = processCount(plan.world);
  return plan.bundles.flatMap(({ phase, crossings }, bundle) =>
    Array.from({ length: processes }, (_, sender) => ({
      id: transferId(plan, bundle, sender),
      sender,
      phase,
      pieces: crossings.map((crossing): Piece => {
        const { tensor, family } = crossing;
        const rowBytes = elementCount(tensor.shape.slice(1)) * ELEMENT_BYTES[tensor.type];
        const rows = family === "batch" ? null : slicesOf(family)[sender];
        return {
          name: tensor.name || `what ${crossing.node.op.name} ${crossing.node.id} made`,
          base: addressOf(crossing),
          rowBytes,
          rows,
        };
      }),
    })),
  );
}

/** Where the bytes of a piece lie in a step of `batch` samples. */
export function placeOf({ base, rowBytes, rows }: Piece, world: World, sender: number, batch: number) {
  const own = rowsOfProcess(world, batch, sender);
  const { first, count } = rows ?? { first: own.first, count: own.rows };
  return { address: base + first * rowBytes, bytes: count * rowBytes };
}
