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
import { predecessors } from "./order.ts";
import { mayShareAPhase } from "./split.ts";

/** A node that waits for its turn. */
interface Candidate {
  readonly node: Node;
  /** The later nodes that must wait for this one, oldest first. */
  readonly followers: Candidate[];
  /** Nodes that it still waits for. */
  missing: number;
  /** The first phase whose slices it does not step on. */
  earliest: number;
}

/** What the nodes `isUnfinished` names make is not whole before other processes have had their turn: it is read a phase later. */
export function cutIntoPhases(
  nodes: readonly Node[],
  isUnfinished: (node: Node) => boolean = () => false,
): Node[][] {
  const waiting = new Set(candidates(nodes));
  const phases: Node[][] = [];
  while (waiting.size > 0) phases.push(fill(waiting, phases.length, isUnfinished));
  return phases;
}

function candidates(nodes: readonly Node[]): Candidate[] {
  const before = predecessors(nodes);
  const list = nodes.map(
    (node, index): Candidate => ({ node, followers: [], missing: before[index].length, earliest: 0 }),
  );
  for (const [index, candidate] of list.entries())
    for (const earlier of before[index]) list[earlier].followers.push(candidate);
  return list;
}

/**
 * Takes from `waiting` what may run in phase number `phase`. A consumer of what was made last comes first (dW, then at once
 * its update: the slice is still in the cache), then the oldest.
 */
function fill(waiting: Set<Candidate>, phase: number, isUnfinished: (node: Node) => boolean): Node[] {
  const isReady = ({ missing, earliest }: Candidate) => missing === 0 && earliest <= phase;
  const taken: Node[] = [];
  let next = first(waiting, isReady);
  while (next) {
    const { node, followers } = next;
    waiting.delete(next);
    taken.push(node);
    for (const follower of followers) {
      follower.missing--;
      if (isUnfinished(node) || !mayShareAPhase(node, follower.node)) follower.earliest = phase + 1;
    }
    const consumers = followers.filter(({ node: { inputs } }) =>
      inputs.some((input) => node.outputs.includes(input)),
    );
    next = first(consumers, isReady) ?? first(waiting, isReady);
  }
  return taken;
}

function first<T>(items: Iterable<T>, fits: (item: T) => boolean): T | undefined {
  for (const item of items) if (fits(item)) return item;
  return undefined;
}
