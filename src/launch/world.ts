/** The world as `train` is given it: who takes part, and how the links to them are opened. */
import { EnvironmentError } from "../base/errors.ts";
import type { ProcessWorld } from "../job/options.ts";
import type { Transport } from "../transport/transport.ts";
import type { EndpointTable, JobWords } from "./messages.ts";

/** Others may still read their data, or wait for a host that is slow to answer. */
const PEERS_DEADLINE_MS = 120_000;

/** The endpoints of all processes, once the launcher has gathered them. */
export class PeerTable {
  #table: EndpointTable | null = null;
  #waiting: ((table: EndpointTable) => void)[] = [];

  fill(table: EndpointTable): void {
    this.#table = table;
    for (const resolve of this.#waiting.splice(0)) resolve(table);
  }

  /** Rejects with an EnvironmentError after `deadlineMs`. */
  filled(deadlineMs = PEERS_DEADLINE_MS): Promise<EndpointTable> {
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

/** What opening the links takes besides the digest. */
export interface Connection {
  readonly key: Uint8Array;
  readonly security: JobWords["security"];
  /** For sockets between processes of one host; nobody else can enter it. */
  readonly folder: string;
  /** Tells the launcher where this process listens. */
  readonly tell: (endpoints: unknown) => void;
  readonly peers: PeerTable;
}

export function worldOf({ self, ranks, hosts }: JobWords, connection: Connection): ProcessWorld {
  return { self, ranks, hosts, connect: () => notYet(connection) };
}

async function notYet({ tell, peers }: Connection): Promise<Transport> {
  tell([]);
  await peers.filled();
  throw new EnvironmentError(
    "no-transport",
    "this version has no links between processes",
    "use --ranks alone",
  );
}

function late(deadlineMs: number): EnvironmentError {
  return new EnvironmentError(
    "peers-late",
    `the launcher has not told in ${deadlineMs / 1000} s how the other processes are reached`,
    "look for what the processes that are missing say",
  );
}
