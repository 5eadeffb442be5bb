/** A group: who takes part in a collective, and where each member is. */

/** Members, 0 … size − 1, in an order that all of them know, each with its number in the world. */
export interface Group {
  readonly members: readonly number[];
}

/** Throws an Error where somebody is in it twice, or nobody at all. */
export function groupOf(members: readonly number[]): Group {
  if (members.length === 0 || new Set(members).size < members.length)
    throw new Error(`no group: [${members.join(", ")}]`);
  return { members };
}

/** This world number's place in the group; null if it takes no part. */
export function memberOf({ members }: Group, worldNumber: number): number | null {
  const member = members.indexOf(worldNumber);
  return member < 0 ? null : member;
}

/**
 * The two levels of a hierarchical collective: the group's ranks in each process, which share a memory and need no messages, and
 * one of each process, the first, which speaks for it.
 */
export interface Levels {
  readonly inside: readonly Group[];
  readonly between: Group;
}

/** `processOf` tells a rank's process. */
export function levelsOf(group: Group, processOf: (rank: number) => number): Levels {
  const byProcess = new Map<number, number[]>();
  for (const rank of group.members) {
    const ranks = byProcess.get(processOf(rank));
    if (ranks) ranks.push(rank);
    else byProcess.set(processOf(rank), [rank]);
  }
  const inside = [...byProcess.values()].map(groupOf);
  return { inside, between: groupOf(inside.map(({ members }) => members[0])) };
}
