/** Gather: chunk i of member i's buffer into the root's, for all i, each straight from its member. */
import { type ActionList, inBuffer } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";
import { chunkOf, segmentsOf } from "./chunk.ts";

export function gather(
  member: number,
  size: number,
  count: number,
  segment: number,
  root: number,
): ActionList {
  const list = new ActionListBuilder();
  for (let from = 0; from < size; from++) {
    if (from === root || (member !== root && member !== from)) continue;
    for (const { first, count: many } of segmentsOf(chunkOf(count, size, from), segment)) {
      if (member === root) list.receive(from, inBuffer(first), many);
      else list.send(root, inBuffer(first), many);
    }
  }
  return list.finish();
}
