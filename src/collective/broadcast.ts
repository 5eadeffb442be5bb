/**
 * Broadcast: the root's buffer to all, by a binomial tree, ⌈log₂ P⌉ rounds deep.
 *
 *     root 0, P = 6     0 ─→ 1      0 1 ─→ 2 3      0 1 ─→ 4 5
 */
import { type ActionList, inBuffer } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";
import { segmentsOf } from "./chunk.ts";

export function broadcast(
  member: number,
  size: number,
  count: number,
  segment: number,
  root: number,
): ActionList {
  const list = new ActionListBuilder();
  const segments = segmentsOf({ first: 0, count }, segment);
  const place = (member - root + size) % size;
  const memberAt = (other: number) => (other + root) % size;
  for (const { first, count: many } of segments) {
    for (let distance = 1; distance < size; distance *= 2) {
      if (place < distance && place + distance < size)
        list.send(memberAt(place + distance), inBuffer(first), many);
      else if (place >= distance && place < 2 * distance)
        list.receive(memberAt(place - distance), inBuffer(first), many);
    }
  }
  return list.finish();
}
