/**
 * Halving and doubling: reduce-scatter by exchanging halves of what is left with partners P/2 … 2, 1 away, allgather the same way
 * back; 2 log₂ P messages and a ring's bytes. Rabenseifner, "Optimization of collective reduction operations", 2004.
 *
 *     chunks, P = 4        0  1  2  3                 member 1
 *     with member 3        ──────┐ sends 2 3, sums 0 1
 *     with member 0           ───┘ sends 0, sums 1
 *     and back                     with 0: gets 0; with 3: gets 2 3
 *
 * The tree is that of recursive doubling with the farthest partners first: (x0 + x2) + (x1 + x3).
 */
import { type ActionList, inBuffer, inScratch } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";
import { chunkOf, segmentsOf } from "./chunk.ts";
import { Folding } from "./fold.ts";

export function halvingDoubling(member: number, size: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  const folding = new Folding(size);
  folding.fold(list, member, count, segment);
  const position = folding.positionOf(member);
  if (position !== null) exchange(list, folding, position, count, segment);
  folding.unfold(list, member, count, segment);
  return list.finish();
}

function exchange(
  list: ActionListBuilder,
  folding: Folding,
  position: number,
  count: number,
  segment: number,
): void {
  const { positions } = folding;
  /** The half that `of` keeps when its partner is `distance` away. */
  const keptBy = (of: number, distance: number) =>
    segmentsOf(chunkOf(count, positions, of - (of % distance), distance), segment);
  const partnerAt = (distance: number) => folding.memberAt(position ^ distance);
  for (let distance = positions / 2; distance >= 1; distance /= 2) {
    for (const { first, count: many } of keptBy(position ^ distance, distance))
      list.send(partnerAt(distance), inBuffer(first), many);
    for (const { first, count: many } of keptBy(position, distance)) {
      list.receive(partnerAt(distance), inScratch(first), many);
      list.add(inBuffer(first), inBuffer(first), inScratch(first), many);
    }
  }
  for (let distance = 1; distance < positions; distance *= 2) {
    for (const { first, count: many } of keptBy(position, distance))
      list.send(partnerAt(distance), inBuffer(first), many);
    for (const { first, count: many } of keptBy(position ^ distance, distance))
      list.receive(partnerAt(distance), inBuffer(first), many);
  }
}
