/**
 * From crossings to transfers, as plain data: what a process sends to all others, when, from where, and to the same place there.
 *
 * Small tensors of one phase travel together, since a message costs more than its bytes; a large one leaves as soon as it exists.
 */
import { ELEMENT_BYTES, elementCount, type Node, rowWidth, type Tensor } from "../graph/tensor.ts";
import { type Crossing, type CrossingPlan, crossingsOf } from "./crossings.ts";
import { processCount, rowsOfProcess, type World } from "./world.ts";

/** The sender's rows of the step's batch of one tensor. */
export interface Piece {
  /** What it is called in messages to people. */
  readonly name: string;
  /** Address of the tensor's first row. */
  readonly base: number;
  readonly rowBytes: number;
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
  readonly bundles: readonly Bundle[];
}

export function planTransfers(
  phases: readonly (readonly Node[])[],
  batch: number,
  world: World,
): TransferPlan {
  const nothing = { world, bundles: [], repeated: new Set<Node>() };
  if (processCount(world) === 1) return nothing;
  const { crossings, repeated } = crossingsOf(phases);
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

/** All transfers, by id. `addressOf` says where a tensor lies. */
export function listTransfers(plan: TransferPlan, addressOf: (tensor: Tensor) => number): Transfer[] {
  const processes = processCount(plan.world);
  return plan.bundles.flatMap(({ phase, crossings }, bundle) =>
    Array.from({ length: processes }, (_, sender) => ({
      id: transferId(plan, bundle, sender),
      sender,
      phase,
      pieces: crossings.map(
        ({ tensor, node }): Piece => ({
          name: tensor.name || `what ${node.op.name} ${node.id} made`,
          base: addressOf(tensor),
          rowBytes: rowWidth(tensor.shape) * ELEMENT_BYTES[tensor.type],
        }),
      ),
    })),
  );
}

/** Where the bytes of a piece lie in a step of `batch` samples. */
export function placeOf({ base, rowBytes }: Piece, world: World, sender: number, batch: number) {
  const { first, rows } = rowsOfProcess(world, batch, sender);
  return { address: base + first * rowBytes, bytes: rows * rowBytes };
}
