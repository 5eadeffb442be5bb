/**
 * Runs all members' lists on arrays, in an order that chance decides: what may happen next is what links and
 * executors may do next.
 *
 * A send that has begun leaves at any later time, with the elements as they are then; with `window` 0 it
 * leaves when the receive at the other end takes it (no link holds anything), else up to `window` messages
 * are under way on each link.
 */
import type { Action, ActionList, Add, Place, Receive, Send } from "../../src/collective/action.ts";
import { Progress } from "../../src/collective/progress.ts";

export interface Simulation<Element> {
  readonly lists: readonly ActionList[];
  /** The members' buffers; they end as the collective leaves them. */
  readonly buffers: readonly Element[][];
  readonly add: (left: Element, right: Element) => Element;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly window: number;
}

/** Throws an Error that says who waits when nothing can happen any more before all are done. */
export function simulate<Element>(simulation: Simulation<Element>): void {
  const members = simulation.lists.map((list, member) => new Member(list, simulation.buffers[member]));
  const links = members.flatMap((to, receiver) =>
    members.flatMap((from, sender) => (from === to ? [] : [new Link(from, sender, to, receiver)])),
  );
  for (const member of members) member.progress.start();
  for (;;) {
    const events = [
      ...members.flatMap((member) => member.events(simulation.add)),
      ...links.flatMap((link) => link.events(simulation.window)),
    ];
    if (events.length === 0) break;
    events[Math.floor(simulation.random() * events.length)]();
  }
  const stuck = members.flatMap(({ progress }, member) => (progress.done ? [] : [member]));
  if (stuck.length > 0) throw new Error(`members ${stuck.join(", ")} wait for ever`);
}

type Event = () => void;

class Member<Element> {
  readonly progress: Progress;
  readonly #actions: readonly Action[];
  readonly #memories: Readonly<Record<Place["memory"], Element[]>>;
  /** What has begun and is not complete, in the order in which it began: sums, and by peer sends and receives. */
  readonly #sums: number[] = [];
  readonly #sends = new Map<number, number[]>();
  readonly #receives = new Map<number, number[]>();

  constructor(list: ActionList, buffer: Element[]) {
    this.#actions = list.actions;
    this.#memories = { buffer, scratch: [] };
    this.progress = new Progress(list, (index) => this.#begin(index));
  }

  events(add: Simulation<Element>["add"]): Event[] {
    return this.#sums.map((index, at) => () => this.#sum(at, this.#actions[index] as Add, add));
  }

  sendsTo(peer: number): boolean {
    return (this.#sends.get(peer)?.length ?? 0) > 0;
  }

  receivesFrom(peer: number): boolean {
    return (this.#receives.get(peer)?.length ?? 0) > 0;
  }

  /** The first send to a peer that has begun is complete: what it sends. */
  leave(peer: number): Element[] {
    const index = this.#sends.get(peer)?.shift() as number;
    const { from, count } = this.#actions[index] as Send;
    const elements = this.#read(from, count);
    this.progress.complete(index);
    return elements;
  }

  take(peer: number, elements: readonly Element[]): void {
    const index = this.#receives.get(peer)?.shift() as number;
    const { to, count } = this.#actions[index] as Receive;
    if (elements.length !== count)
      throw new Error(`${count} elements are expected of ${peer}, and ${elements.length} come`);
    this.#write(to, elements);
    this.progress.complete(index);
  }

  #begin(index: number): void {
    const action = this.#actions[index];
    if (action.kind === "add") return void this.#sums.push(index);
    const queues = action.kind === "send" ? this.#sends : this.#receives;
    const queue = queues.get(action.peer);
    if (queue) queue.push(index);
    else queues.set(action.peer, [index]);
  }

  #sum(at: number, { to, left, right, count }: Add, add: Simulation<Element>["add"]): void {
    const [index] = this.#sums.splice(at, 1);
    const rights = this.#read(right, count);
    const sums = this.#read(left, count).map((element, i) => add(element, rights[i]));
    this.#write(to, sums);
    this.progress.complete(index);
  }

  #read({ memory, first }: Place, count: number): Element[] {
    return this.#memories[memory].slice(first, first + count);
  }

  #write({ memory, first }: Place, elements: readonly Element[]): void {
    for (const [i, element] of elements.entries()) this.#memories[memory][first + i] = element;
  }
}

/** One direction between two members. */
class Link<Element> {
  readonly #from: Member<Element>;
  readonly #sender: number;
  readonly #to: Member<Element>;
  readonly #receiver: number;
  readonly #underWay: Element[][] = [];

  constructor(from: Member<Element>, sender: number, to: Member<Element>, receiver: number) {
    this.#from = from;
    this.#sender = sender;
    this.#to = to;
    this.#receiver = receiver;
  }

  events(window: number): Event[] {
    const leaving = this.#from.sendsTo(this.#receiver);
    const taking = this.#to.receivesFrom(this.#sender);
    const leave = () => this.#from.leave(this.#receiver);
    const take = (elements: readonly Element[]) => this.#to.take(this.#sender, elements);
    const events: Event[] = [];
    if (leaving && this.#underWay.length < window) events.push(() => this.#underWay.push(leave()));
    if (taking && this.#underWay.length > 0) events.push(() => take(this.#underWay.shift() as Element[]));
    if (window === 0 && leaving && taking) events.push(() => take(leave()));
    return events;
  }
}
