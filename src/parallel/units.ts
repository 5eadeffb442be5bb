/**
 * Layers that the ranks of a process divide by units instead of samples: those that read the samples themselves.
 *
 *     by samples   gather own · layer 1 … loss … dX  ┃  dW, update of own rows of W₁          ┃
 *     by units     gather all · layer 1, own units   ┃  layer 2 … loss, own samples            ┃  dX, dW, update: own units ┃
 *
 * By units no element of W₁ nor of its gradient ever leaves its rank's cache, and activations move instead, which are fewer.
 * The samples are not exchanged either: every rank gathers all of them.
 */
import { matmul } from "../graph/ops/matmul.ts";
import { gatherBytes, gatherBytesByEvery } from "../graph/ops/source.ts";
import type { Node, Tensor } from "../graph/tensor.ts";
import { alongUnits, type ColumnFamilies, familiesByColumns } from "./columns.ts";
import { type Space, Spaces } from "./spaces.ts";

/** Ranks own units in runs of so many: a cache line, and a panel of the kernels. */
export const UNIT_BLOCK = 16;

/** The family of the splits along the units of the layer with these weights. */
export const unitFamily = (weight: string): string => `units of ${weight}`;

/** A layer that may be divided by units, by its weights, [inputs, units]. */
interface Layer {
  readonly weight: Tensor;
  readonly space: Space;
}

/**
 * Layers that read gathered samples, with weights of their own and a space of their own for their units: no other layer's
 * units, as where two are added, and no other axis of one tensor, as in a square matrix that a model uses twice.
 */
function candidates(nodes: readonly Node[], spaces: Spaces): Layer[] {
  const samples = new Set(nodes.filter(({ op }) => op === gatherBytes).map(({ outputs }) => outputs[0]));
  const products = nodes.filter(({ op }) => op === matmul);
  const shared = new Set<Space>();
  for (const tensor of spaces.tensors) {
    const list = spaces.of(tensor);
    for (const [index, space] of list.entries()) if (list.indexOf(space) < index) shared.add(space);
  }
  const layers = products.map(({ inputs: [x, weight] }) => ({ x, weight, space: spaces.of(weight)[1] }));
  const counts = new Map<Space, number>();
  for (const { space } of layers) counts.set(space, (counts.get(space) ?? 0) + 1);
  return layers.filter(
    ({ x, weight, space }) =>
      samples.has(x) && weight.kind === "parameter" && counts.get(space) === 1 && !shared.has(space),
  );
}

/** What a core does in a µs, roughly: multiply-adds count twice; bytes that another core has modified; bytes to f32. */
const FLOPS_A_US = 120_000;
const REMOTE_BYTES_A_US = 10_000;
const GATHERED_A_US = 8_000;
const BARRIER_US = 2;

/** Whether dividing [inputs, units] by units takes a step less time than dividing it by samples: an estimate. */
function paysByUnits([inputs, units]: readonly number[], batch: number, ranks: number): boolean {
  const blocks = Math.ceil(units / UNIT_BLOCK);
  const widest = Math.min(units, Math.ceil(blocks / ranks) * UNIT_BLOCK);
  const others = 1 - 1 / ranks;
  const unevenUs = (4 * batch * inputs * (widest - units / ranks)) / FLOPS_A_US;
  const gatherUs = (batch * inputs * others) / GATHERED_A_US;
  // By samples the others' slices of W₁ are read for the forward product, and the others' samples for dW₁.
  const remoteUs = (4 * inputs * others * (units + batch / ranks)) / REMOTE_BYTES_A_US;
  return unevenUs + gatherUs + BARRIER_US < remoteUs;
}

/** Which layers are divided by units: those where it pays; for tests also all that can be, or none. */
export type UnitPolicy = "auto" | "always" | "never";

/** Names of the weights of the layers that `ranks` ranks divide by units; `nodes` are those of training. */
export function layersByUnits(
  nodes: readonly Node[],
  batch: number,
  ranks: number,
  policy: UnitPolicy = "auto",
): Set<string> {
  if (ranks === 1 || policy === "never") return new Set();
  const pays = ({ weight }: Layer) =>
    policy === "always" || paysByUnits(weight.shape as number[], batch, ranks);
  return new Set(
    candidates(nodes, new Spaces(nodes))
      .filter(pays)
      .map(({ weight }) => weight.name),
  );
}

/** A list of nodes of which ranks divide some along units. */
export interface DividedNodes {
  readonly nodes: readonly Node[];
  /** The tensors that are stored with each rank's columns apart, and the family of the columns. */
  readonly byColumns: ColumnFamilies;
}

/** The nodes, those that write units of these layers divided along them. */
export function divideByUnits(nodes: readonly Node[], weights: ReadonlySet<string>): DividedNodes {
  const spaces = new Spaces(nodes);
  const layers = candidates(nodes, spaces).filter(({ weight }) => weights.has(weight.name));
  if (layers.length === 0) return { nodes, byColumns: new Map() };
  const families = new Map(layers.map(({ weight, space }) => [space, unitFamily(weight.name)]));
  const byColumns = familiesByColumns(nodes, spaces, families);
  const divided = nodes.map((node) => {
    if (node.op === gatherBytes) return { ...node, op: gatherBytesByEvery };
    const along = alongUnits(node, spaces, families, byColumns);
    return along ? { ...node, along } : node;
  });
  return { nodes: divided, byColumns };
}
