/**
 * Memory of a step's values: two may share bytes when no phase needs both.
 *
 * Lives are counted in whole phases, since within a phase ranks do not wait for each other: one may still read a value
 * that another has finished with. Only an op that works in place hands its input's bytes on within a phase.
 */
import type { Node, Tensor } from "../graph/tensor.ts";
import { alignUp } from "./arena.ts";
import { accessesOf, sliceFamily } from "./split.ts";

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

/** Whether `node` may write its output over `input`: a value that no rank reads afterwards. */
function mayOverwrite(node: Node, input: Tensor, phases: readonly (readonly Node[])[]): boolean {
  if (input.kind !== "value") return false;
  const phase = phases.findIndex((nodes) => nodes.includes(node));
  const family = familyOf(node, input);
  const isDone = (reader: Node) =>
    phases.slice(0, phase).some((nodes) => nodes.includes(reader)) ||
    (phases[phase].slice(0, phases[phase].indexOf(node)).includes(reader) &&
      familyOf(reader, input) === family);
  const readers = phases.flat().filter((other) => other !== node && other.inputs.includes(input));
  return family !== null && readers.every(isDone);
}

function familyOf(node: Node, tensor: Tensor): string | null {
  const operand = accessesOf(node).find((candidate) => candidate.tensor === tensor);
  return operand ? sliceFamily(node, operand.axes) : null;
}

/**
 * Offsets of all values. `bytesOf` says how much a tensor needs. Greedy: the largest first, each at the lowest offset at
 * which nothing alive at the same time lies.
 */
export function planValues(
  phases: readonly (readonly Node[])[],
  bytesOf: (tensor: Tensor) => number,
): ValueMemory {
  const lives = new Map<Tensor, Life>();
  phases.forEach((nodes, phase) => {
    for (const node of nodes) {
      const [output, input] = node.op.inPlace ?? [-1, -1];
      for (const { tensor } of accessesOf(node)) {
        if (tensor.kind !== "value") continue;
        const overwrites = tensor === node.outputs[output] && mayOverwrite(node, node.inputs[input], phases);
        const life =
          lives.get(tensor) ??
          (overwrites ? lives.get(node.inputs[input]) : undefined) ??
          ({ bytes: alignUp(bytesOf(tensor)), first: phase, last: phase, offset: -1 } satisfies Life);
        life.last = phase;
        lives.set(tensor, life);
      }
    }
  });
  const bytes = assignOffsets([...new Set(lives.values())]);
  return { offsets: new Map([...lives].map(([tensor, { offset }]) => [tensor, offset])), bytes };
}

function assignOffsets(lives: readonly Life[]): number {
  const placed: Life[] = [];
  for (const life of lives.toSorted((a, b) => b.bytes - a.bytes)) {
    const rivals = placed
      .filter((other) => other.first <= life.last && life.first <= other.last)
      .sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const rival of rivals) {
      if (offset + life.bytes <= rival.offset) break;
      offset = Math.max(offset, rival.offset + rival.bytes);
    }
    life.offset = offset;
    placed.push(life);
  }
  return Math.max(0, ...placed.map(({ offset, bytes }) => offset + bytes));
}
