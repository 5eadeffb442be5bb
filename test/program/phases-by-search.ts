/** Phases found by asking every pair of nodes again for every node taken: the slow twin of cutIntoPhases. */
import type { Node } from "../../src/graph/tensor.ts";
import { accessesOf, mayShareAPhase } from "../../src/program/split.ts";

/** Whether the two touch a tensor that at least one of them writes, so that their order matters. */
export function areOrdered(earlier: Node, later: Node): boolean {
  return accessesOf(later).some((after) =>
    accessesOf(earlier).some(({ tensor, writes }) => tensor === after.tensor && (writes || after.writes)),
  );
}

/** The next node of a phase: nobody waiting must precede it, and it steps on no slice of the phase. */
function next(phase: readonly Node[], waiting: readonly Node[]): Node | undefined {
  const ready = waiting.filter(
    (node, index) =>
      phase.every((earlier) => mayShareAPhase(earlier, node)) &&
      waiting.slice(0, index).every((earlier) => !areOrdered(earlier, node)),
  );
  const made = phase.at(-1)?.outputs ?? [];
  return ready.find(({ inputs }) => inputs.some((input) => made.includes(input))) ?? ready[0];
}

export function searchPhases(nodes: readonly Node[]): Node[][] {
  const phases: Node[][] = [];
  let waiting = [...nodes];
  while (waiting.length > 0) {
    const phase: Node[] = [];
    for (let node = next(phase, waiting); node; node = next(phase, waiting)) {
      const taken = node;
      phase.push(taken);
      waiting = waiting.filter((other) => other !== taken);
    }
    phases.push(phase);
  }
  return phases;
}
