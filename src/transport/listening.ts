/** Two steps to a transport where addresses are not agreed on: listen and tell where; then, told where all listen, connect. */
import { chmodSync, mkdirSync } from "node:fs";
import { EnvironmentError } from "../base/errors.ts";
import { makeWire } from "./address.ts";
import { chanceAddress, Links, type LinksOptions, localAddress } from "./links.ts";
import type { NanomsgWire } from "./nanomsg.ts";

const PORTS_TRIED = 20;

export interface ListenOptions {
  readonly self: number;
  /** By process: the IP address at which it reaches this one; null where both are on one host, which are linked by ipc. */
  readonly listenAt: readonly (string | null)[];
  /** For sockets within the host; made if it is not there, its user's alone. */
  readonly folder: string;
}

/** By process of higher index: where it is awaited; "" for itself and the lower ones. Plain data. */
export type Endpoints = readonly string[];

export class Listening {
  readonly endpoints: Endpoints;
  readonly #self: number;
  readonly #wires: ReadonlyMap<number, NanomsgWire>;

  constructor(self: number, endpoints: Endpoints, wires: ReadonlyMap<number, NanomsgWire>) {
    this.#self = self;
    this.endpoints = endpoints;
    this.#wires = wires;
  }

  /** `table` has the endpoints of every process, in order. */
  connect(
    table: readonly Endpoints[],
    options: Omit<LinksOptions, "self" | "addresses" | "wires">,
  ): Promise<Links> {
    const addresses = new Map<number, string>();
    for (const peer of table.keys()) {
      const address = table[Math.min(peer, this.#self)]?.[Math.max(peer, this.#self)];
      if (peer !== this.#self) addresses.set(peer, address ?? "");
    }
    return Links.open({ ...options, self: this.#self, addresses, wires: this.#wires });
  }

  /** For one who will not connect. */
  close(): void {
    for (const wire of this.#wires.values()) wire.close();
  }
}

/** Binds a socket for every process of higher index. Throws an InputError or an EnvironmentError, and nothing is left bound. */
export function listen({ self, listenAt, folder }: ListenOptions): Listening {
  const wires = new Map<number, NanomsgWire>();
  const endpoints = listenAt.map(() => "");
  try {
    for (let peer = self + 1; peer < listenAt.length; peer++) {
      const ip = listenAt[peer];
      const { address, wire } = ip === null ? listenLocally(folder, self, peer) : listenAtChance(ip);
      endpoints[peer] = address;
      wires.set(peer, wire);
    }
  } catch (thrown) {
    for (const wire of wires.values()) wire.close();
    throw thrown;
  }
  return new Listening(self, endpoints, wires);
}

function listenLocally(folder: string, self: number, peer: number): { address: string; wire: NanomsgWire } {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(folder, 0o700);
  const address = localAddress(folder, self, peer);
  return { address, wire: makeWire(address, true) };
}

/** A wire that listens at a port by chance. */
function listenAtChance(host: string): { address: string; wire: NanomsgWire } {
  for (let tried = 1; ; tried++) {
    const address = chanceAddress(host);
    try {
      return { address, wire: makeWire(address, true) };
    } catch (thrown) {
      const isTaken = thrown instanceof EnvironmentError && thrown.code === "address-in-use";
      if (!isTaken || tried === PORTS_TRIED) throw thrown;
    }
  }
}
