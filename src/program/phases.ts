/**
 * Cuts a list of nodes into phases: within a phase no rank reads what another writes, so ranks meet only between phases.
 *
 *     phase F   gather · forward 1…L · loss · dX L…2        own samples
 *     ───────   barrier
 *     phase W   dW · db · update, layer by layer            own slices of the parameters
 *     ───────   barrier
 *
 * Two phases are what comes out for a training step (NUMERICS §5); clipping by a norm adds two more.
 */
import type { Node } from "../graph/tensor.ts";
import { areOrdered, mayShareAPhase } from "./split.ts";

export function cutIntoPhases(nodes: readonly Node[]): Node[][] {
  const phases: Node[][] = [];
  let waiting = [...nodes];
  while (waiting.length > 0) {
    const phase: Node[] = [];
    let taken: Node | undefined;
    do {
      taken = next(phase, waiting);
      if (taken) {
        phase.push(taken);
        waiting = waiting.filter((node) => node !== taken);
      }
    } while (taken);
    phases.push(phase);
  }
  return phases;
}

/**
 * The node to append to a phase: one that no waiting node must precede and that steps on no slice of the phase. A consumer
 * of what was made last comes first (dW, then at once its update: the slice is still in the cache), then the oldest.
 */
function next(phase: readonly Node[], waiting: readonly Node[]): Node | undefined {
  const ready = waiting.filter(
    (node, index) =>
      phase.every((earlier) => mayShareAPhase(earlier, node)) &&
      waiting.slice(0, index).every((earlier) => !areOrdered(earlier, node)),
  );
  const made = phase.at(-1)?.outputs ?? [];
  return ready.find(({ inputs }) => inputs.some((input) => made.includes(input))) ?? ready[0];
}
