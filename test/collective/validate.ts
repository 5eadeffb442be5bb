/** What is wrong with the lists of a group, found without running them: the rules of action.ts, one check each. */
import { type Action, type ActionList, accessOf, conflict } from "../../src/collective/action.ts";

/** One sentence for each breach; none for lists that may be executed in any order that they allow. */
export function breaches(lists: readonly ActionList[], count: number): string[] {
  return [
    ...lists.flatMap((list, member) => [
      ...outside(list, count).map((index) => `member ${member}, action ${index}: is outside its memory`),
      ...early(list).map((index) => `member ${member}, action ${index}: waits for a later one`),
      ...races(list).map(([a, b]) => `member ${member}, actions ${a} and ${b}: touch the same, in no order`),
    ]),
    ...unmatched(lists),
  ];
}

function outside({ actions, scratchCount }: ActionList, count: number): number[] {
  const fits = (action: Action) => {
    const { reads, writes } = accessOf(action);
    return [...reads, ...(writes ? [writes] : [])].every(
      ({ memory, first }) =>
        first >= 0 && first + action.count <= (memory === "buffer" ? count : scratchCount),
    );
  };
  return [...actions.keys()].filter((index) => !fits(actions[index]));
}

function early({ actions }: ActionList): number[] {
  return [...actions.keys()].filter((index) => actions[index].after.some((other) => other >= index));
}

/** Pairs that touch the same memory, one of them writing, of which neither waits for the other. */
function races({ actions }: ActionList): [number, number][] {
  const before = actions.map(() => new Set<number>());
  const found: [number, number][] = [];
  for (const [index, action] of actions.entries()) {
    for (const other of action.after) {
      before[index].add(other);
      for (const earlier of before[other]) before[index].add(earlier);
    }
    for (let other = 0; other < index; other++)
      if (!before[index].has(other) && conflict(actions[other], action)) found.push([other, index]);
  }
  return found;
}

/** Members between whom what one sends is not what the other receives. */
function unmatched(lists: readonly ActionList[]): string[] {
  const counts = (member: number, kind: "send" | "receive", peer: number) =>
    lists[member].actions
      .filter((action) => action.kind === kind && action.peer === peer)
      .map(({ count }) => count)
      .join(", ");
  const members = [...lists.keys()];
  return members.flatMap((from) =>
    members.flatMap((to) => {
      const [sent, received] = [counts(from, "send", to), counts(to, "receive", from)];
      return sent === received ? [] : [`${from} sends ${to} [${sent}], which expects [${received}]`];
    }),
  );
}
