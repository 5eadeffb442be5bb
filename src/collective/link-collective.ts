/**
 * Executes one process's list over links, again and again, without ever waiting: sends as soon as their turn has come, receives
 * straight into place, sums by whoever does them.
 *
 * A message's channel is the collective's, its sequence the execution (1, 2, …, modulo 2³²), its flags its
 * number among those of one peer in one execution (modulo 2¹⁶). A peer that is ahead has to wait: its message
 * gets no place until the execution begins here.
 */
import { RankError } from "../base/errors.ts";
import type { Arrival, Message, Transport } from "../transport/transport.ts";
import type { ActionList, Place } from "./action.ts";
import type { Group } from "./group.ts";
import { Progress } from "./progress.ts";

/** Leaves left[i] + right[i] in `to`, which may be one of them; calls `summed` when they are there, now or later. */
export type Sum = (to: Float32Array, left: Float32Array, right: Float32Array, summed: () => void) => void;

/** What a process does in a collective, and where. */
export interface Part {
  readonly list: ActionList;
  /** Usually views of shared memory. */
  readonly buffer: Float32Array;
  /** As many elements as the list needs at least; of this collective alone while it is executed. */
  readonly scratch: Float32Array;
  /** Whose members are processes; left out, member i is process i. */
  readonly group?: Group;
}

/** An action, made ready to begin. */
type Step = () => void;

interface Peer {
  readonly process: number;
  /** Receives that have begun, the oldest first, as indices of actions. */
  readonly begun: number[];
  /** Messages of an execution, and how many of this one have come. */
  expected: number;
  arrived: number;
}

export class LinkCollective {
  readonly #transport: Transport;
  readonly #channel: number;
  readonly #part: Part;
  readonly #progress: Progress;
  readonly #steps: readonly Step[];
  /** By action; of a receive the bytes of its place. */
  readonly #places: readonly (Uint8Array | null)[];
  readonly #peers = new Map<number, Peer>();
  #execution = 0;
  /** A message had no place, perhaps before this was prepared: the transport must hear when one comes. */
  #refused = true;
  #done: (() => void) | null = null;

  constructor(transport: Transport, channel: number, part: Part, sum: Sum) {
    this.#transport = transport;
    this.#channel = channel;
    this.#part = part;
    const { list, scratch } = part;
    if (scratch.length < list.scratchCount)
      throw new Error(`${scratch.length} elements of scratch memory, of ${list.scratchCount} needed`);
    this.#places = list.actions.map((action) =>
      action.kind === "receive" ? bytesOf(this.#view(action.to, action.count)) : null,
    );
    this.#steps = this.#prepare(sum);
    this.#progress = new Progress(list, (index) => this.#steps[index]());
  }

  get isRunning(): boolean {
    return this.#done !== null;
  }

  /** Begins an execution and returns; calls `done` when this process's part is complete, which may be at once. One at a time. */
  run(done: () => void): void {
    if (this.#done !== null) throw new Error(`collective ${this.#channel} is under way`);
    this.#done = done;
    this.#execution = (this.#execution + 1) >>> 0;
    for (const peer of this.#peers.values()) peer.arrived = 0;
    this.#progress.start();
    this.#endIfDone();
  }

  /** For the transport's inbox. Null: the receive has not begun, or this execution has not. */
  place(arrival: Arrival): Uint8Array | null {
    const { peer, sequence, flags, bytes } = arrival;
    const from = this.#peers.get(peer);
    const ahead = (sequence - this.#execution) | 0;
    if (!from || ahead < 0 || (ahead === 0 && from.arrived === from.expected))
      throw this.#unexpected(arrival, "nothing");
    if (ahead > 0 || from.begun.length === 0) {
      this.#refused = true;
      return null;
    }
    const place = this.#places[from.begun[0]] as Uint8Array;
    const number = from.arrived & 0xffff;
    if (flags !== number || bytes !== place.length)
      throw this.#unexpected(arrival, `message ${number} of ${place.length} bytes`);
    return place;
  }

  arrived({ peer }: Pick<Arrival, "peer">): void {
    const from = this.#peers.get(peer) as Peer;
    from.arrived++;
    this.#complete(from.begun.shift() as number);
  }

  #prepare(sum: Sum): Step[] {
    const sends = new Map<number, number>();
    return this.#part.list.actions.map((action, index) => {
      const complete = () => this.#complete(index);
      if (action.kind === "add") {
        const [to, left, right] = [action.to, action.left, action.right].map((place) =>
          this.#view(place, action.count),
        );
        return () => sum(to, left, right, complete);
      }
      const peer = this.#peer(action.peer);
      if (action.kind === "receive") {
        peer.expected++;
        return () => this.#receive(peer, index);
      }
      const number = sends.get(action.peer) ?? 0;
      sends.set(action.peer, number + 1);
      const bytes = bytesOf(this.#view(action.from, action.count));
      const message: Message = { channel: this.#channel, sequence: 0, flags: number & 0xffff, bytes };
      return () => this.#transport.send(peer.process, { ...message, sequence: this.#execution }, complete);
    });
  }

  #receive(peer: Peer, index: number): void {
    peer.begun.push(index);
    if (!this.#refused) return;
    this.#refused = false;
    this.#transport.resume();
  }

  #complete(index: number): void {
    this.#progress.complete(index);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#progress.done || this.#done === null) return;
    const done = this.#done;
    this.#done = null;
    done();
  }

  #peer(member: number): Peer {
    const process = this.#part.group?.members[member] ?? member;
    const peer = this.#peers.get(process) ?? { process, begun: [], expected: 0, arrived: 0 };
    this.#peers.set(process, peer);
    return peer;
  }

  #view({ memory, first }: Place, count: number): Float32Array {
    return this.#part[memory].subarray(first, first + count);
  }

  #unexpected({ peer, sequence, flags, bytes }: Arrival, instead: string): RankError {
    const what = `message ${flags} of ${bytes} bytes in execution ${sequence} of collective ${this.#channel}`;
    return new RankError(
      "unexpected-message",
      `process ${peer} sent ${what}, where ${instead} was expected`,
      "the processes do not execute the same lists; please report it",
      {},
    );
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
