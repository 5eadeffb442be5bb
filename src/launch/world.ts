/** The world as `train` is given it: who takes part, and how the links to them are opened. */
import { createServer } from "node:net";
import { EnvironmentError } from "../base/errors.ts";
import type { ProcessWorld } from "../job/options.ts";
import { chanceAddress, Links, localAddress } from "../transport/links.ts";
import type { Addresses, JobWords } from "./messages.ts";

/** Others may still read their data, or wait for a host that is slow to answer. */
const PEERS_DEADLINE_MS = 120_000;
const PORT_ATTEMPTS = 50;

/** Where all processes listen, once the launcher has gathered it. */
export class PeerTable {
  #table: readonly Addresses[] | null = null;
  #waiting: ((table: readonly Addresses[]) => void)[] = [];

  fill(table: readonly Addresses[]): void {
    this.#table = table;
    for (const resolve of this.#waiting.splice(0)) resolve(table);
  }

  /** Rejects with an EnvironmentError after `deadlineMs`. */
  filled(deadlineMs = PEERS_DEADLINE_MS): Promise<readonly Addresses[]> {
    if (this.#table !== null) return Promise.resolve(this.#table);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(late(deadlineMs)), deadlineMs);
      this.#waiting.push((table) => {
        clearTimeout(timer);
        resolve(table);
      });
    });
  }
}

/** What opening the links takes besides the job and the digest. */
export interface Connection {
  /** Forgotten once the links are open. */
  readonly key: Uint8Array;
  /** For sockets between processes of one host; nobody else can enter it. */
  readonly folder: string;
  /** Tells the launcher where this process listens. */
  readonly tell: (addresses: Addresses) => void;
  readonly peers: PeerTable;
}

export function worldOf(job: JobWords, { key, folder, tell, peers }: Connection): ProcessWorld {
  const { self, ranks, hosts, names, security, run } = job;
  return {
    ...{ self, ranks, hosts },
    async connect(digest, inbox) {
      tell(await Promise.all(job.listenAt.map((ip) => (ip === null ? null : freeAddress(ip)))));
      const table = await peers.filled();
      const addresses = new Map<number, string>();
      for (let peer = 0; peer < ranks.length; peer++) {
        const [listener, dialer] = [Math.min(self, peer), Math.max(self, peer)];
        if (peer !== self)
          addresses.set(peer, table[listener][dialer] ?? localAddress(folder, listener, dialer));
      }
      const runKey = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
      const id = BigInt(`0x${run}`);
      const links = await Links.open({
        ...{ self, names, run: id, runKey, security, digest, inbox, addresses },
      });
      runKey.fill(0);
      return links;
    },
  };
}

/** An address of `ip` whose port nobody has. Somebody may take it before it is used; that then fails by its name. */
async function freeAddress(ip: string): Promise<string> {
  let why = "";
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const address = chanceAddress(ip);
    const failure = await tryPort(ip, Number(/\d+$/.exec(address)));
    if (failure === null) return address;
    why = failure;
  }
  throw new EnvironmentError(
    "no-port",
    `no port can be had at ${ip}: ${why}`,
    "see that the address is one of this machine's, and that ports from 20000 to 32767 are free",
  );
}

function tryPort(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

function late(deadlineMs: number): EnvironmentError {
  return new EnvironmentError(
    "peers-late",
    `the launcher has not told in ${deadlineMs / 1000} s how the other processes are reached`,
    "look for what the processes that are missing say",
  );
}
