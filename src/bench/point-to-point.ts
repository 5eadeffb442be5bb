/**
 * What links can do at most: every rank's buffer to the next one's scratch memory, all at once, both ways of each link in use and
 * nothing summed. An allreduce of two ranks carries as much.
 */
import { type ActionList, inBuffer, inScratch } from "../collective/action.ts";
import { ActionListBuilder } from "../collective/action-list.ts";
import { segmentsOf } from "../collective/chunk.ts";

export function pointToPoint(rank: number, ranks: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  for (const { first, count: many } of segmentsOf({ first: 0, count }, segment)) {
    list.send((rank + 1) % ranks, inBuffer(first), many);
    list.receive((rank + ranks - 1) % ranks, inScratch(first), many);
  }
  return list.finish();
}
