/**
 * The parameter server: all send to member 0, which sums in the order of the members, x0 + x1 + x2 …, and
 * sends the result back. It carries (P − 1)·n elements each way, where a ring's member carries less than 2n:
 * here for comparison.
 */
import { type ActionList, inBuffer, inScratch } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";
import { segmentsOf } from "./chunk.ts";

const SERVER = 0;
/** Segments that wait for their sum. */
const SLOTS = 4;

export function parameterServer(member: number, size: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  const segments = segmentsOf({ first: 0, count }, segment);
  if (member !== SERVER) {
    for (const { first, count: many } of segments) list.send(SERVER, inBuffer(first), many);
    for (const { first, count: many } of segments) list.receive(SERVER, inBuffer(first), many);
    return list.finish();
  }
  let slot = 0;
  for (const { first, count: many } of segments) {
    for (let worker = 1; worker < size; worker++) {
      const at = inScratch(Math.min(segment, count) * slot);
      slot = (slot + 1) % SLOTS;
      list.receive(worker, at, many);
      list.add(inBuffer(first), inBuffer(first), at, many);
    }
    for (let worker = 1; worker < size; worker++) list.send(worker, inBuffer(first), many);
  }
  return list.finish();
}
