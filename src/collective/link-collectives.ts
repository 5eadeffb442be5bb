/** All collectives of a process over one transport, told apart by channel; any number of them may be under way at once. */
import type { Arrival, Transport } from "../transport/transport.ts";
import { LinkCollective, type Part, type Sum } from "./link-collective.ts";

/** Its owner's inbox hands on to it what comes on its channels. */
export class LinkCollectives {
  readonly #transport: Transport;
  readonly #sum: Sum;
  readonly #byChannel = new Map<number, LinkCollective>();

  constructor(transport: Transport, sum: Sum) {
    this.#transport = transport;
    this.#sum = sum;
  }

  /** All processes of the group prepare the same collective on the same channel, which nothing else uses, before or after. */
  prepare(channel: number, part: Part): LinkCollective {
    if (this.#byChannel.has(channel)) throw new Error(`channel ${channel} is taken`);
    const collective = new LinkCollective(this.#transport, channel, part, this.#sum);
    this.#byChannel.set(channel, collective);
    return collective;
  }

  /** Nothing may be under way on the channel. */
  remove(channel: number): void {
    this.#byChannel.delete(channel);
  }

  owns(channel: number): boolean {
    return this.#byChannel.has(channel);
  }

  place(arrival: Arrival): Uint8Array | null {
    return this.#byChannel.get(arrival.channel)?.place(arrival) ?? null;
  }

  arrived(arrival: Arrival): void {
    this.#byChannel.get(arrival.channel)?.arrived(arrival);
  }
}
