/**
 * Recursive doubling: whole buffers are exchanged with partners 1, 2, 4 … away; log₂ P rounds, the fewest, for short buffers.
 *
 *     round 0   0 ↔ 1   2 ↔ 3        round 1   0 ↔ 2   1 ↔ 3
 *
 * All members sum the same tree, ((x0 + x1) + (x2 + x3)) …, whose two sides may change places: f32 addition commutes.
 */
import { type ActionList, inBuffer, inScratch } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";
import { segmentsOf } from "./chunk.ts";
import { Folding } from "./fold.ts";

export function recursiveDoubling(member: number, size: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  const folding = new Folding(size);
  folding.fold(list, member, count, segment);
  const position = folding.positionOf(member);
  if (position !== null) {
    for (let distance = 1; distance < folding.positions; distance *= 2) {
      const partner = folding.memberAt(position ^ distance);
      for (const { first, count: many } of segmentsOf({ first: 0, count }, segment)) {
        list.send(partner, inBuffer(first), many);
        list.receive(partner, inScratch(first), many);
        list.add(inBuffer(first), inBuffer(first), inScratch(first), many);
      }
    }
  }
  folding.unfold(list, member, count, segment);
  return list.finish();
}
