/** Reduce: x0 + x1 + x2 …, in the order of the members from the root on, in the root's buffer; each straight from its member. */
import { type ActionList, inBuffer, inScratch } from "../../src/collective/action.ts";
import { ActionListBuilder } from "../../src/collective/action-list.ts";
import { segmentsOf } from "../../src/collective/chunk.ts";

/** Segments that wait for their sum. */
const SLOTS = 4;

export function reduce(
  member: number,
  size: number,
  count: number,
  segment: number,
  root: number,
): ActionList {
  const list = new ActionListBuilder();
  let slot = 0;
  for (const { first, count: many } of segmentsOf({ first: 0, count }, segment)) {
    for (let i = 1; i < size; i++) {
      const from = (root + i) % size;
      if (member === from) list.send(root, inBuffer(first), many);
      if (member !== root) continue;
      const at = inScratch(Math.min(segment, count) * slot);
      slot = (slot + 1) % SLOTS;
      list.receive(from, at, many);
      list.add(inBuffer(first), inBuffer(first), at, many);
    }
  }
  return list.finish();
}
