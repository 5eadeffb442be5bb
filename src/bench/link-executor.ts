/**
 * Executes an action list over a transport, on the main thread: gives sends to it, receives a place when their turn has come, and
 * sums to whoever does them. Messages are told by execution (their sequence) and by their number among those of one peer (channel).
 */

import { RankError } from "../base/errors.ts";
import type { ActionList, Place } from "../collective/action.ts";
import { Progress } from "../collective/progress.ts";
import type { Arrival, Transport } from "../transport/transport.ts";

/** A member's memories, as bytes at an address of the memory that the adder knows. */
export interface LinkMemories {
  readonly memory: WebAssembly.Memory;
  readonly addresses: Readonly<Record<Place["memory"], number>>;
}

/** Sums `count` floats at byte addresses; calls `summed(item)` when they are there, now or later. */
export type PostSum = (item: number, to: number, left: number, right: number, count: number) => void;

interface PeerState {
  /** Receives that have begun, the oldest first, and the number of the next one's message. */
  readonly receives: number[];
  next: number;
  sends: number;
}

export class LinkExecutor {
  readonly #list: ActionList;
  readonly #memories: LinkMemories;
  readonly #transport: Transport;
  readonly #post: PostSum;
  readonly #progress: Progress;
  readonly #peers = new Map<number, PeerState>();
  readonly #numbers: readonly number[];
  #execution: number;
  /** A message had no place: the transport must hear when one comes. */
  #refused = false;
  #done: (() => void) | null = null;

  /** `execution` is the number of the last one on the same transport, by any list. */
  constructor(
    list: ActionList,
    memories: LinkMemories,
    transport: Transport,
    post: PostSum,
    execution: number,
  ) {
    this.#list = list;
    this.#memories = memories;
    this.#transport = transport;
    this.#post = post;
    this.#execution = execution;
    for (const peer of transport.peers) this.#peers.set(peer, { receives: [], next: 0, sends: 0 });
    const counts = new Map<number, number>();
    this.#numbers = list.actions.map((action) => {
      if (action.kind !== "send") return -1;
      const number = counts.get(action.peer) ?? 0;
      counts.set(action.peer, number + 1);
      return number;
    });
    this.#progress = new Progress(list, (index) => this.#begin(index));
  }

  get execution(): number {
    return this.#execution;
  }

  /** Executes the list once; calls `done` when this member's part is complete. */
  run(done: () => void): void {
    this.#done = done;
    this.#execution = (this.#execution + 1) >>> 0;
    for (const state of this.#peers.values()) state.next = 0;
    this.#progress.start();
    this.#settle();
  }

  /** For the transport's inbox. Null: the receive has not begun, or this execution has not. */
  place({ peer, channel, sequence, bytes }: Arrival): Uint8Array | null {
    const { receives, next } = this.#peers.get(peer) as PeerState;
    if (sequence !== this.#execution || receives.length === 0) {
      this.#refused = true;
      return null;
    }
    const action = this.#list.actions[receives[0]];
    if (action.kind !== "receive" || channel !== next || bytes !== 4 * action.count)
      throw new RankError(
        "unexpected-message",
        `member ${peer} sent message ${channel} of ${bytes} bytes, where message ${next} was expected`,
        "the processes do not execute the same list; please report it",
        { rank: peer },
      );
    return this.#view(action.to, action.count);
  }

  arrived({ peer }: Arrival): void {
    const state = this.#peers.get(peer) as PeerState;
    state.next++;
    this.complete(state.receives.shift() as number);
  }

  /** An action is complete: for whoever sums. */
  complete(index: number): void {
    this.#progress.complete(index);
    this.#settle();
  }

  #begin(index: number): void {
    const action = this.#list.actions[index];
    if (action.kind === "add") {
      const [to, left, right] = [
        this.#address(action.to),
        this.#address(action.left),
        this.#address(action.right),
      ];
      this.#post(index, to, left, right, action.count);
    } else if (action.kind === "send") {
      const message = {
        ...{ channel: this.#numbers[index], sequence: this.#execution, flags: 0 },
        bytes: this.#view(action.from, action.count),
      };
      this.#transport.send(action.peer, message, () => this.complete(index));
    } else {
      this.#peers.get(action.peer)?.receives.push(index);
      if (!this.#refused) return;
      this.#refused = false;
      // Not now: it may be the transport itself that has just told of another arrival.
      setImmediate(() => this.#transport.resume());
    }
  }

  #settle(): void {
    if (!this.#progress.done || this.#done === null) return;
    const done = this.#done;
    this.#done = null;
    done();
  }

  #address({ memory, first }: Place): number {
    return this.#memories.addresses[memory] + 4 * first;
  }

  #view(place: Place, count: number): Uint8Array {
    return new Uint8Array(this.#memories.memory.buffer, this.#address(place), 4 * count);
  }
}
