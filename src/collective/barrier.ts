/**
 * Barrier: nobody is through before all have come; empty messages to those 1, 2, 4 … further on. Hensgen,
 * Finkel and Manber, 1988.
 */
import { type ActionList, inBuffer } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";

export function barrier(member: number, size: number): ActionList {
  const list = new ActionListBuilder();
  let heard: number[] = [];
  for (let distance = 1; distance < size; distance *= 2) {
    list.send((member + distance) % size, inBuffer(0), 0, heard);
    const received = list.receive((member + size - distance) % size, inBuffer(0), 0);
    heard = [...heard, received];
  }
  return list.finish();
}
