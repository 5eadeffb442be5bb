/**
 * Memory of a step's values: two may share bytes when no phase needs both.
 *
 * Lives are counted in whole phases, since within a phase ranks do not wait for each other: one may still read a value
 * that another has finished with. Only an op that works in place hands its input's bytes on within a phase.
 */
import type { Node, Tensor } from "../graph/tensor.ts";
import { alignUp } from "./arena.ts";
import { type Access, accessesOf, sliceFamily } from "./split.ts";

interface Life {
  readonly bytes: number;
  first: number;
  last: number;
  offset: number;
}

export interface ValueMemory {
  readonly offsets: ReadonlyMap<Tensor, number>;
  readonly bytes: number;
}

/** A node that reads a value, with the number of its phase. */
interface Reader {
  readonly node: Node;
  readonly phase: number;
}

/** The readers of every tensor, in the order in which a rank executes them. */
function listReaders(phases: readonly (readonly Node[])[]): Map<Tensor, Reader[]> {
  const readers = new Map<Tensor, Reader[]>();
  for (const [phase, nodes] of phases.entries())
    for (const node of nodes)
      for (const input of new Set(node.inputs)) {
        const list = readers.get(input);
        if (list) list.push({ node, phase });
        else readers.set(input, [{ node, phase }]);
      }
  return readers;
}

/**
 * Whether the last of `readers` may write its output over `input`: it must read it in one way only, and whoever reads it in
 * the same phase must read, on every rank, the very slice that this rank overwrites.
 */
function mayOverwrite(node: Node, input: Tensor, readers: readonly Reader[]): boolean {
  const last = readers[readers.length - 1];
  if (input.kind !== "value" || last.node !== node) return false;
  const ways = new Set(accessesTo(node, input).map(({ axes }) => `${axes}`));
  const family = familyOf(node, input);
  const isDone = (reader: Reader) => reader.phase < last.phase || familyOf(reader.node, input) === family;
  return ways.size === 1 && family !== null && readers.every(isDone);
}

const accessesTo = (node: Node, tensor: Tensor): readonly Access[] =>
  accessesOf(node).filter((access) => access.tensor === tensor);

/** The family by which a node slices a tensor in all of its accesses; null if there is no such family. */
function familyOf(node: Node, tensor: Tensor): string | null {
  const families = accessesTo(node, tensor).map(({ axes }) => sliceFamily(node, axes));
  return families.every((family) => family === families[0]) ? families[0] : null;
}

/**
 * Offsets of all values. `bytesOf` says how much a tensor needs. Greedy: the largest first, each at the lowest offset at
 * which nothing alive at the same time lies. What is `kept`
 * has bytes of its own, from the phase on that it says: from then on it may come from others, or is theirs to be sent.
 */
export function planValues(
  phases: readonly (readonly Node[])[],
  bytesOf: (tensor: Tensor) => number,
  kept: ReadonlyMap<Tensor, number> = new Map(),
): ValueMemory {
  const readers = listReaders(phases);
  const lives = new Map<Tensor, Life>();
  /** Every rank has a copy: a slice of it is nobody's to overwrite. */
  const copies = new Set(
    phases.flat().flatMap(({ op, outputs }) => (op.placement === "every" ? outputs : [])),
  );
  /** The life of the input that `node` overwrites with `output`, if it does. */
  const inherited = (node: Node, output: Tensor): Life | undefined => {
    const [to, from] = node.op.inPlace ?? [-1, -1];
    const input = node.inputs[from];
    if (
      output !== node.outputs[to] ||
      copies.has(input) ||
      kept.has(input) ||
      kept.has(output) ||
      !mayOverwrite(node, input, readers.get(input) ?? [])
    )
      return undefined;
    if (bytesOf(output) > bytesOf(input))
      throw new Error(`${node.op.name} cannot write ${output.name} over ${input.name}: it is larger`);
    return lives.get(input);
  };
  for (const [phase, nodes] of phases.entries())
    for (const node of nodes)
      for (const { tensor } of accessesOf(node)) {
        if (tensor.kind !== "value") continue;
        const life =
          lives.get(tensor) ??
          inherited(node, tensor) ??
          ({
            bytes: alignUp(bytesOf(tensor)),
            first: kept.get(tensor) ?? phase,
            last: phase,
            offset: -1,
          } satisfies Life);
        life.last = phase;
        lives.set(tensor, life);
      }
  const bytes = assignOffsets([...new Set(lives.values())]);
  return { offsets: new Map([...lives].map(([tensor, { offset }]) => [tensor, offset])), bytes };
}

function assignOffsets(lives: readonly Life[]): number {
  /** In ascending order of their offsets. */
  const placed: Life[] = [];
  for (const life of lives.toSorted((a, b) => b.bytes - a.bytes)) {
    life.offset = 0;
    for (const rival of placed) {
      if (rival.first > life.last || life.first > rival.last) continue;
      if (life.offset + life.bytes <= rival.offset) break;
      life.offset = Math.max(life.offset, rival.offset + rival.bytes);
    }
    const above = placed.findIndex(({ offset }) => offset > life.offset);
    placed.splice(above < 0 ? placed.length : above, 0, life);
  }
  return lives.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), 0);
}
