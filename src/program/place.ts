/** Where everything lies in the shared memory: named tensors once per process, values by liveness, scratch per rank. */
import { ELEMENT_BYTES, elementCount, type Node, type Tensor } from "../graph/tensor.ts";
import type { StepGraph } from "../nn/step.ts";
import type { ColumnFamilies } from "../parallel/columns.ts";
import { type Arena, alignUp } from "./arena.ts";
import { RANK_GAP_BYTES } from "./columns.ts";
import { planValues, type ValueMemory } from "./liveness.ts";

/** Addresses of parameters, states, blocks and streams by name: shared by the programs of a process. */
export type NamedAddresses = Map<string, number>;

/** Bytes of a tensor for `batch` samples a step. */
export function tensorBytes(tensor: Tensor, batch: number): number {
  return elementCount(tensor.shape, batch) * ELEMENT_BYTES[tensor.type];
}

/**
 * Gives every parameter, state and block that has no address yet one, and room for gaps between the ranks' columns; streams
 * are placed by whoever knows their length.
 */
export function placeNamed(
  arena: Arena,
  step: StepGraph,
  addresses: NamedAddresses,
  gapBytes: (tensor: Tensor) => number = () => 0,
): void {
  const blocks = [...step.blocks.values()].filter(({ kind }) => kind === "block");
  for (const tensor of [...step.parameters, ...step.states, ...blocks])
    if (!addresses.has(tensor.name))
      addresses.set(tensor.name, arena.reserve(tensorBytes(tensor, 0) + gapBytes(tensor)));
}

/** The values' memory, in which the values that every rank computes for itself have a copy for each rank. */
export interface RankValues extends ValueMemory {
  /** Bytes from one rank's copy of such a value to the next rank's: whole cache lines, and a gap. */
  readonly copyBytes: ReadonlyMap<Tensor, number>;
}

/** The gaps between the ranks' columns of a tensor that is stored by columns. */
export const gapsOf =
  (byColumns: ColumnFamilies, ranks: number) =>
  (tensor: Tensor): number =>
    byColumns.has(tensor) ? ranks * RANK_GAP_BYTES : 0;

/**
 * The values' memory for steps of at most `batch` samples on `ranks` ranks; what is `kept` has bytes of its
 * own from a phase on.
 */
export function placeValues(
  phases: readonly (readonly Node[])[],
  batch: number,
  ranks: number,
  byColumns: ColumnFamilies = new Map(),
  kept: ReadonlyMap<Tensor, number> = new Map(),
): RankValues {
  const gapBytes = gapsOf(byColumns, ranks);
  const own = phases.flat().flatMap(({ op, outputs }) => (op.placement === "every" ? outputs : []));
  const copyBytes = new Map(
    own.map((tensor) => [tensor, alignUp(tensorBytes(tensor, batch)) + RANK_GAP_BYTES]),
  );
  const bytesOf = (tensor: Tensor) => {
    const copy = copyBytes.get(tensor);
    return copy === undefined ? tensorBytes(tensor, batch) + gapBytes(tensor) : copy * ranks;
  };
  return { ...planValues(phases, bytesOf, kept), copyBytes };
}

/** What lowering asks of the memory plan. */
export interface Places {
  readonly named: ReadonlyMap<string, number>;
  readonly values: RankValues;
  readonly valuesBase: number;
  /** The tensors that are stored with each rank's columns apart. */
  readonly byColumns: ColumnFamilies;
  /** The rank's private scratch. */
  readonly scratch: number;
  readonly phases: readonly (readonly Node[])[];
}

/** Whether there is room for a tensor: a process of a pipeline has none for what only stages of others touch. */
export const hasPlace = ({ values }: Pick<Places, "values">, tensor: Tensor): boolean =>
  tensor.kind !== "value" || values.offsets.has(tensor);

/** The address of a tensor's first element, as `rank` sees it. */
export function addressOf(places: Places, tensor: Tensor, rank: number): number {
  if (tensor.kind !== "value") {
    const address = places.named.get(tensor.name);
    if (address === undefined) throw new Error(`${tensor.name} has no place`);
    return address;
  }
  const { offsets, copyBytes } = places.values;
  return places.valuesBase + (offsets.get(tensor) as number) + rank * (copyBytes.get(tensor) ?? 0);
}
