/** All processes of a group in one thread, for tests of collectives over links: what they send waits until it is delivered. */
import { LinkCollectives } from "../../src/collective/link-collectives.ts";
import type { Arrival, Message, Transport } from "../../src/transport/transport.ts";

interface UnderWay {
  readonly from: number;
  readonly to: number;
  readonly message: Message;
  readonly sent: () => void;
}

/** A link holds nothing: a message has been sent when it is in its place. Those behind it wait. */
export class Switchboard {
  readonly processes: readonly LinkCollectives[];
  readonly transports: readonly Transport[];
  readonly #underWay = new Map<string, UnderWay[]>();

  constructor(size: number) {
    const all = Array.from({ length: size }, (_, process) => process);
    this.transports = all.map((self) => this.#transportOf(self, all));
    this.processes = this.transports.map(
      (transport) =>
        new LinkCollectives(transport, (to, left, right, summed) => {
          for (let i = 0; i < to.length; i++) to[i] = left[i] + right[i];
          summed();
        }),
    );
  }

  /** Delivers the first message of some link whose receiver has a place for it; false where there is none. */
  deliver(random: () => number): boolean {
    const links = [...this.#underWay.values()].filter((link) => link.length > 0);
    while (links.length > 0) {
      const [link] = links.splice(Math.floor(random() * links.length), 1);
      const [{ from, to, message, sent }] = link;
      const { channel, sequence, flags, bytes } = message;
      const arrival: Arrival = { peer: from, channel, sequence, flags, bytes: bytes.length };
      const place = this.processes[to].place(arrival);
      if (place === null) continue;
      place.set(bytes);
      link.shift();
      sent();
      this.processes[to].arrived(arrival);
      return true;
    }
    return false;
  }

  #transportOf(self: number, all: readonly number[]): Transport {
    return {
      ...{ self, peers: all.filter((peer) => peer !== self) },
      send: (to, message, sent) => {
        const link = this.#underWay.get(`${self} ${to}`) ?? [];
        this.#underWay.set(`${self} ${to}`, link);
        link.push({ from: self, to, message, sent });
      },
      resume: () => {},
      abort: () => {},
      close: async () => {},
    };
  }
}
