/**
 * Which slice of every parameter a rank owns: the list of all parameters' blocks, cut into runs of equal cost.
 *
 *     linear1.weight │ linear1.bias │ linear2.weight │ linear2.bias
 *     ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
 *               rank 0         │          rank 1
 *
 * Blocks begin at 64-byte borders, so that no two ranks write one cache line, and hold whole tiles of rows. The units of a
 * layer that is divided by them are cut for themselves, evenly: their products stand between barriers of their own.
 */
import { type Node, rowWidth, type Slice, type Tensor } from "../graph/tensor.ts";
import { UNIT_BLOCK } from "../parallel/units.ts";
import { type Split, splitOf } from "./split.ts";

/** By family of split: the slice of every rank. */
export type Partition = ReadonlyMap<string, readonly Slice[]>;

/** Kernels work on panels of so many columns: narrower matrices cost as much as one panel. */
const PANEL_COLUMNS = 16;
/** What a call costs however little it does, in flops: about 1 µs with its operands fetched from another core. */
const CALL_FLOPS = 100_000;
const TILE_ROWS = 6;
const FLOATS_A_LINE = 16;

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
const leastCommonMultiple = (a: number, b: number): number => (a / greatestCommonDivisor(a, b)) * b;

/** Rows of a block of a parameter: whole tiles, whole cache lines; a vector's rows are single elements. */
export function blockRows(shape: readonly number[]): number {
  const lineRows = FLOATS_A_LINE / greatestCommonDivisor(FLOATS_A_LINE, rowWidth(shape));
  return shape.length > 1 ? leastCommonMultiple(TILE_ROWS, lineRows) : lineRows;
}

interface Family {
  readonly name: string;
  readonly extent: number;
  readonly blockRows: number;
  /** Cut by its own rows alone. */
  readonly isUnits: boolean;
  /** Cost of one row, over all nodes of the family, for a whole batch: a flop and a byte count alike. */
  rowCost: number;
}

/** The families of a program's parameter splits, in order of first appearance, with what a row of each costs. */
function families(nodes: readonly Node[], batch: number): Family[] {
  const found = new Map<string, Family>();
  for (const node of nodes) {
    const split = splitOf(node);
    if (!split || split.extent === "batch") continue;
    const written = (node.outputs[0] ?? node.inputs[(node.op.writes as number[])[0]]) as Tensor;
    const family = found.get(split.family) ?? {
      name: split.family,
      extent: split.extent,
      blockRows: node.along ? UNIT_BLOCK : blockRows(written.shape as number[]),
      isUnits: node.along !== undefined,
      rowCost: 0,
    };
    family.rowCost += rowCost(node, split, batch);
    found.set(split.family, family);
  }
  return [...found.values()];
}

function rowCost(node: Node, { axis, extent }: Split, batch: number): number {
  const length = (other: string) => axisLength(node, other, batch);
  const { flops, bytes } = node.op.cost(length);
  const padded = axis === "n" ? 1 : (Math.ceil(length("n") / PANEL_COLUMNS) * PANEL_COLUMNS) / length("n");
  return ((flops + bytes) * padded + CALL_FLOPS) / Number(extent);
}

/** The number of indices of an axis of a node, for `batch` samples. */
export function axisLength(node: Node, axis: string, batch: number): number {
  const { inputs, outputs } = node.op.axes(node);
  const all = [
    ...outputs.map((axes, i) => [axes, node.outputs[i]] as const),
    ...inputs.map((axes, i) => [axes, node.inputs[i]] as const),
  ];
  for (const [axes, tensor] of all) {
    const index = axes.indexOf(axis);
    if (index >= 0) return tensor.shape[index] === "batch" ? batch : Number(tensor.shape[index]);
  }
  return 1;
}

/** The row of a family at which the running cost reaches `target`, rounded to a block. */
function cut({ extent, rowCost, blockRows }: Family, before: number, target: number): number {
  if (target <= before) return 0;
  const rows = rowCost > 0 ? (target - before) / rowCost : extent;
  return Math.min(extent, Math.round(rows / blockRows) * blockRows);
}

/** The row at which `rank`'s blocks begin if all have as many as blocks allow; the last block may be short. */
const evenCut = ({ extent, blockRows }: Family, rank: number, ranks: number): number =>
  blockRows * Math.floor((Math.ceil(extent / blockRows) * rank) / ranks);

const costOf = ({ rowCost, extent }: Family): number => rowCost * extent;

/** The slices that begin where `firstOf` says, the last of them up to `extent`. */
function slicesOf(extent: number, ranks: number, firstOf: (rank: number) => number): Slice[] {
  const cuts = Array.from({ length: ranks + 1 }, (_, rank) => (rank === ranks ? extent : firstOf(rank)));
  return cuts.slice(0, ranks).map((first, rank) => ({ first, count: cuts[rank + 1] - first }));
}

export function partition(nodes: readonly Node[], batch: number, ranks: number): Partition {
  const list = families(nodes, batch);
  const shared = list.filter(({ isUnits }) => !isUnits);
  const total = shared.reduce((sum, family) => sum + costOf(family), 0);
  const slices = new Map<string, Slice[]>();
  let before = 0;
  for (const family of shared) {
    slices.set(
      family.name,
      slicesOf(family.extent, ranks, (rank) => cut(family, before, (total * rank) / ranks)),
    );
    before += costOf(family);
  }
  for (const family of list.filter(({ isUnits }) => isUnits))
    slices.set(
      family.name,
      slicesOf(family.extent, ranks, (rank) => evenCut(family, rank, ranks)),
    );
  return slices;
}
