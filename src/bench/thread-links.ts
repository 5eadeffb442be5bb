/**
 * Executes action lists between threads that share a memory. A link is two counters, of messages sent and of
 * messages taken: since every rank knows every list, the receiver knows where the sender's k-th message is,
 * and copies it from there.
 */

import { RankError } from "../base/errors.ts";
import type { Action, ActionList, Place } from "../collective/action.ts";
import { Progress } from "../collective/progress.ts";
import type { Kernels } from "../kernels/abi.ts";
import { lookFor } from "../rank/barrier.ts";

const LINE_WORDS = 16;
const SLICE_MS = 250;

/** Words of a group: a line for each member (a bell that others ring, whether it sleeps), then one for each link's direction. */
export const linkWords = (size: number): number => LINE_WORDS * (size + size * size);
const bellWord = (member: number): number => LINE_WORDS * member;
const sentWord = (size: number, from: number, to: number): number => LINE_WORDS * (size + from * size + to);

/** Byte addresses of a member's memories. */
export type Memories = Readonly<Record<Place["memory"], number>>;

export interface ThreadGroup {
  readonly words: Int32Array;
  readonly lists: readonly ActionList[];
  readonly memories: readonly Memories[];
  /** How often to look before sleeping. */
  readonly spins: number;
  readonly timeoutMs: number;
}

/** What a member knows of one peer: the actions that have begun and are not complete, and how many messages went by, ever. */
class PeerState {
  readonly sends: number[] = [];
  readonly receives: number[] = [];
  /** Where the peer's messages are, in the order of its list, and how long they are. */
  readonly messages: readonly (readonly [address: number, count: number])[];
  sendsDone = 0;
  taken = 0;
  /** Of `messages`: the one that is taken next. */
  next = 0;

  constructor(list: ActionList, memories: Memories, to: number) {
    this.messages = list.actions.flatMap((action) =>
      action.kind === "send" && action.peer === to ? [[addressIn(memories, action.from), action.count]] : [],
    );
  }
}

const addressIn = (memories: Memories, { memory, first }: Place): number => memories[memory] + 4 * first;

export class ThreadExecutor {
  readonly #kernels: Pick<Kernels, "add" | "copy">;
  readonly #group: ThreadGroup;
  readonly #member: number;
  readonly #actions: readonly Action[];
  readonly #progress: Progress;
  readonly #peers: readonly PeerState[];

  constructor(kernels: Pick<Kernels, "add" | "copy">, group: ThreadGroup, member: number) {
    this.#kernels = kernels;
    this.#group = group;
    this.#member = member;
    this.#actions = group.lists[member].actions;
    this.#peers = group.lists.map((list, peer) => new PeerState(list, group.memories[peer], member));
    this.#progress = new Progress(group.lists[member], (index) => this.#begin(index));
  }

  /** Executes the list once. Throws a RankError when nothing comes for `timeoutMs`. */
  run(): void {
    const bell = bellWord(this.#member);
    const { words, spins } = this.#group;
    this.#progress.start();
    while (!this.#progress.done) {
      const heard = Atomics.load(words, bell);
      let moved = false;
      for (let peer = 0; peer < this.#peers.length; peer++)
        if (peer !== this.#member) moved = this.#look(peer, this.#peers[peer]) || moved;
      if (!moved && !lookFor(words, bell, heard, spins)) this.#sleep(heard);
    }
  }

  #begin(index: number): void {
    const action = this.#actions[index];
    if (action.kind === "add") {
      const own = this.#group.memories[this.#member];
      const [to, left, right] = [action.to, action.left, action.right].map((place) => addressIn(own, place));
      this.#kernels.add(to | 0, left | 0, right | 0, action.count);
      this.#progress.complete(index);
    } else if (action.kind === "receive") this.#peers[action.peer].receives.push(index);
    else {
      this.#peers[action.peer].sends.push(index);
      Atomics.add(this.#group.words, sentWord(this.#peers.length, this.#member, action.peer), 1);
      this.#ring(action.peer);
    }
  }

  /** Takes what has come from a peer and is expected, and hears of what the peer has taken. Whether there was anything. */
  #look(peer: number, state: PeerState): boolean {
    const { words } = this.#group;
    const incoming = sentWord(this.#peers.length, peer, this.#member);
    const outgoing = sentWord(this.#peers.length, this.#member, peer);
    let moved = false;
    while (state.sends.length > 0 && ((Atomics.load(words, outgoing + 1) - state.sendsDone) | 0) > 0) {
      state.sendsDone = (state.sendsDone + 1) | 0;
      this.#progress.complete(state.sends.shift() as number);
      moved = true;
    }
    while (state.receives.length > 0 && ((Atomics.load(words, incoming) - state.taken) | 0) > 0) {
      this.#take(state);
      Atomics.store(words, incoming + 1, state.taken);
      this.#ring(peer);
      this.#progress.complete(state.receives.shift() as number);
      moved = true;
    }
    return moved;
  }

  #take(state: PeerState): void {
    const action = this.#actions[state.receives[0]];
    const [from, count] = state.messages[state.next];
    if (action.kind !== "receive" || action.count !== count) throw new Error("the lists do not match");
    this.#kernels.copy(addressIn(this.#group.memories[this.#member], action.to) | 0, from | 0, count);
    state.taken = (state.taken + 1) | 0;
    state.next = (state.next + 1) % state.messages.length;
  }

  #ring(peer: number): void {
    const { words } = this.#group;
    Atomics.add(words, bellWord(peer), 1);
    if (Atomics.load(words, bellWord(peer) + 1) !== 0) Atomics.notify(words, bellWord(peer));
  }

  #sleep(heard: number): void {
    const { words, timeoutMs } = this.#group;
    const bell = bellWord(this.#member);
    Atomics.store(words, bell + 1, 1);
    for (let sleptMs = 0; Atomics.wait(words, bell, heard, SLICE_MS) === "timed-out"; ) {
      sleptMs += SLICE_MS;
      if (sleptMs >= timeoutMs) throw this.#late();
    }
    Atomics.store(words, bell + 1, 0);
  }

  #late(): RankError {
    const from = this.#peers.flatMap(({ receives, sends }, peer) =>
      receives.length + sends.length ? [peer] : [],
    );
    return new RankError(
      "rank-late",
      `rank ${this.#member} waited ${this.#group.timeoutMs / 1000} s for rank ${from.join(", ")}`,
      "look at what that rank was doing",
      { rank: from[0] },
    );
  }
}
