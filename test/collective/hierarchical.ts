/**
 * Hierarchical allreduce, for groups of which some members share a memory: those of each process reduce to the first of them, the
 * first ones allreduce among each other, and each tells its process.
 *
 *     processes {0 1 2} {3 4}      0 ← 1, 2   3 ← 4   │   0 ↔ 3   │   0 → 1, 2   3 → 4
 *
 * Each link between processes carries what it would carry if every process had one member. Sums are those of `allreduce` over the
 * processes' sums, each of which is made in the order of its members.
 */
import type { ActionList } from "../../src/collective/action.ts";
import { ActionListBuilder } from "../../src/collective/action-list.ts";
import type { Allreduce } from "../../src/collective/algorithms.ts";
import { broadcast } from "../../src/collective/broadcast.ts";
import { type Levels, memberOf } from "../../src/collective/group.ts";
import { reduce } from "./reduce.ts";

/** The groups of `levels` are of members. */
export function hierarchical(
  allreduce: Allreduce,
  { inside, between }: Levels,
  member: number,
  count: number,
  segment: number,
): ActionList {
  const list = new ActionListBuilder();
  const own = inside.find((group) => memberOf(group, member) !== null);
  if (!own) throw new Error(`member ${member} is in no process`);
  const at = memberOf(own, member) as number;
  const size = own.members.length;
  list.append(reduce(at, size, count, segment, 0), own);
  const leader = memberOf(between, member);
  if (leader !== null) list.append(allreduce(leader, between.members.length, count, segment), between);
  list.append(broadcast(at, size, count, segment, 0), own);
  return list.finish();
}
