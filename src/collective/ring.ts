/**
 * The ring: each member sends to the next only, chunk by chunk; 2(P − 1) messages of n/P elements a member. Patarasuk and Yuan,
 * "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009.
 *
 *     reduce-scatter, P = 3      member 0      member 1      member 2
 *       step 0 sends chunk          2             0             1
 *       step 1                      1             2             0
 *       sums end with            chunk 0       chunk 1       chunk 2
 *
 * Chunk c is summed as ((x[c+1] + x[c+2]) + …) + x[c], members counted round the ring.
 */
import { type ActionList, inBuffer, inScratch } from "./action.ts";
import { ActionListBuilder } from "./action-list.ts";
import { chunkOf, type Range, segmentsOf } from "./chunk.ts";

/** Segments that wait in scratch memory for their sum: few, so that they stay in the cache. */
const SLOTS = 8;

/** Leaves in chunk `member` of the buffer the sum of all members' chunks; in the others, sums half-way. */
export function ringReduceScatter(member: number, size: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  reduceScatter(list, member, size, count, segment);
  return list.finish();
}

/** Leaves in all members' buffers chunk i of member i, for all i. */
export function ringAllgather(member: number, size: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  allgather(list, member, size, count, segment);
  return list.finish();
}

export function ringAllreduce(member: number, size: number, count: number, segment: number): ActionList {
  const list = new ActionListBuilder();
  reduceScatter(list, member, size, count, segment);
  allgather(list, member, size, count, segment);
  return list.finish();
}

function reduceScatter(
  list: ActionListBuilder,
  member: number,
  size: number,
  count: number,
  segment: number,
): void {
  const longest = Math.max(...Array.from({ length: size }, (_, chunk) => chunkOf(count, size, chunk).count));
  const slotElements = Math.min(segment, longest);
  let slot = 0;
  for (let step = 0; step < size - 1; step++) {
    alternate(
      segmentsAround(member - 1 - step, size, count, segment),
      segmentsAround(member - 2 - step, size, count, segment),
      (mine) => list.send((member + 1) % size, inBuffer(mine.first), mine.count),
      (theirs) => {
        const at = inScratch(slotElements * slot);
        slot = (slot + 1) % SLOTS;
        list.receive((member + size - 1) % size, at, theirs.count);
        list.add(inBuffer(theirs.first), inBuffer(theirs.first), at, theirs.count);
      },
    );
  }
}

function allgather(
  list: ActionListBuilder,
  member: number,
  size: number,
  count: number,
  segment: number,
): void {
  for (let step = 0; step < size - 1; step++) {
    alternate(
      segmentsAround(member - step, size, count, segment),
      segmentsAround(member - 1 - step, size, count, segment),
      (mine) => list.send((member + 1) % size, inBuffer(mine.first), mine.count),
      (theirs) => list.receive((member + size - 1) % size, inBuffer(theirs.first), theirs.count),
    );
  }
}

/** The segments of a chunk whose number is counted round the ring. */
function segmentsAround(chunk: number, size: number, count: number, segment: number): Range[] {
  return segmentsOf(chunkOf(count, size, (chunk + 2 * size) % size), segment);
}

function alternate(
  sends: readonly Range[],
  receives: readonly Range[],
  send: (range: Range) => void,
  receive: (range: Range) => void,
): void {
  for (let i = 0; i < Math.max(sends.length, receives.length); i++) {
    if (i < sends.length) send(sends[i]);
    if (i < receives.length) receive(receives[i]);
  }
}
