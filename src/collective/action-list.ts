/** Builds a list of actions: written in order, each after those before it that touch what it writes, or write what it touches. */
import { type Action, type ActionList, conflict, type Place } from "./action.ts";
import type { Group } from "./group.ts";

export class ActionListBuilder {
  readonly #actions: Action[] = [];
  /** Of each action, those that are complete whenever it may begin: what they wait for need not be said again. */
  readonly #before: Set<number>[] = [];
  #scratchCount = 0;

  /** Each returns the action's index. `after` adds to what memory demands. */
  send(peer: number, from: Place, count: number, after: readonly number[] = []): number {
    return this.#push({ kind: "send", peer, from, count, after });
  }

  receive(peer: number, to: Place, count: number, after: readonly number[] = []): number {
    return this.#push({ kind: "receive", peer, to, count, after });
  }

  add(to: Place, left: Place, right: Place, count: number): number {
    return this.#push({ kind: "add", to, left, right, count, after: [] });
  }

  /** All of another list, whose members are those of `group`, after what is here already where memory demands it. */
  append({ actions, scratchCount }: ActionList, { members }: Group): void {
    const begin = this.#actions.length;
    for (const action of actions) {
      const after = action.after.map((index) => begin + index);
      this.#push(
        action.kind === "add" ? { ...action, after } : { ...action, after, peer: members[action.peer] },
      );
    }
    this.#scratchCount = Math.max(this.#scratchCount, scratchCount);
  }

  finish(): ActionList {
    return { actions: this.#actions, scratchCount: this.#scratchCount };
  }

  #push(action: Action): number {
    const index = this.#actions.length;
    const after = new Set(action.after);
    const before = new Set<number>(after);
    for (const each of after) for (const earlier of this.#before[each]) before.add(earlier);
    for (let earlier = index - 1; earlier >= 0; earlier--) {
      if (before.has(earlier) || !conflict(action, this.#actions[earlier])) continue;
      after.add(earlier);
      before.add(earlier);
      for (const each of this.#before[earlier]) before.add(each);
    }
    this.#actions.push({ ...action, after: [...after].sort((a, b) => a - b) });
    this.#before.push(before);
    for (const place of placesOf(action))
      if (place.memory === "scratch")
        this.#scratchCount = Math.max(this.#scratchCount, place.first + action.count);
    return index;
  }
}

function placesOf(action: Action): readonly Place[] {
  if (action.kind === "send") return [action.from];
  if (action.kind === "receive") return [action.to];
  return [action.to, action.left, action.right];
}
