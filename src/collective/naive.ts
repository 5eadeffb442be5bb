/** All to all: everybody sends its whole buffer to everybody, and sums them in the order of the members: x0 + x1 + x2 … */
import { type ActionList, inBuffer, inScratch, type Place } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";
import { segmentsOf } from "./chunk.ts";

/** Needs scratch memory for the buffers of all others. */
export function naiveAllreduce(member: number, size: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  // Each begins with the member after it, so that not all send to the same one at once.
  const others = Array.from({ length: size - 1 }, (_, i) => (member + 1 + i) % size);
  const slotOf = (other: number) => count * (other < member ? other : other - 1);
  for (const { first, count: many } of segmentsOf({ first: 0, count }, segment)) {
    const at = (of: number): Place => (of === member ? inBuffer(first) : inScratch(slotOf(of) + first));
    for (const other of others) list.send(other, inBuffer(first), many);
    for (const other of others) list.receive(other, at(other), many);
    // Sums wait in the scratch memory of a buffer that is in them already; the last one ends in the member's own.
    let sum = at(0);
    for (let next = 1; next < size; next++) {
      const to = next === size - 1 ? inBuffer(first) : at(next === member ? next - 1 : next);
      list.add(to, sum, at(next), many);
      sum = to;
    }
  }
  return list.finish();
}
