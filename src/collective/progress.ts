/** How far the execution of an action list is: what may begin next. Made once for a list, then used for every execution of it. */
import type { ActionList } from "./action.ts";

export class Progress {
  readonly #begin: (index: number) => void;
  /** Of each action: those that wait for its end, and the one that waits for its beginning (the next to or from its peer). */
  readonly #successors: readonly (readonly number[])[];
  readonly #next: Int32Array;
  readonly #waitsFor: Int32Array;
  readonly #remaining: Int32Array;
  readonly #first: readonly number[];
  #incomplete = 0;

  /** `begin` is called once an execution for each action, as soon as it may begin; it may end the action at once. */
  constructor({ actions }: ActionList, begin: (index: number) => void) {
    this.#begin = begin;
    const successors: number[][] = actions.map(() => []);
    this.#next = new Int32Array(actions.length).fill(-1);
    this.#waitsFor = new Int32Array(actions.length);
    const latest = new Map<string, number>();
    for (const [index, action] of actions.entries()) {
      for (const earlier of action.after) successors[earlier].push(index);
      this.#waitsFor[index] = action.after.length;
      if (action.kind === "add") continue;
      const line = `${action.kind} ${action.peer}`;
      const before = latest.get(line);
      if (before !== undefined) {
        this.#next[before] = index;
        this.#waitsFor[index]++;
      }
      latest.set(line, index);
    }
    this.#successors = successors;
    this.#remaining = new Int32Array(actions.length);
    this.#first = [...actions.keys()].filter((index) => this.#waitsFor[index] === 0);
  }

  get done(): boolean {
    return this.#incomplete === 0;
  }

  /** Begins an execution; the one before must be done. */
  start(): void {
    this.#remaining.set(this.#waitsFor);
    this.#incomplete = this.#remaining.length;
    for (let i = 0; i < this.#first.length; i++) this.#enter(this.#first[i]);
  }

  /** The action is complete. */
  complete(index: number): void {
    this.#incomplete--;
    const successors = this.#successors[index];
    for (let i = 0; i < successors.length; i++) this.#release(successors[i]);
  }

  /** Begins an action, then those behind it to the same peer that wait for nothing else. */
  #enter(index: number): void {
    for (let at = index; at >= 0; at = this.#next[at], at = at >= 0 && --this.#remaining[at] === 0 ? at : -1)
      this.#begin(at);
  }

  #release(index: number): void {
    if (--this.#remaining[index] === 0) this.#enter(index);
  }
}
