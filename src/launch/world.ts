/** The world as `train` is given it: who takes part, and how the links to them are opened. */
import { EnvironmentError } from "../base/errors.ts";
import type { ProcessWorld } from "../job/options.ts";
import type { FlightLog } from "../profile/flight-report.ts";
import { type Endpoints, listen } from "../transport/listening.ts";
import type { JobWords } from "./messages.ts";

/** Others may still read their data, or wait for a host that is slow to answer. */
const PEERS_DEADLINE_MS = 120_000;

/** Where all processes listen, once the launcher has gathered it. */
export class PeerTable {
  #table: readonly Endpoints[] | null = null;
  #waiting: ((table: readonly Endpoints[]) => void)[] = [];

  fill(table: readonly Endpoints[]): void {
    this.#table = table;
    for (const resolve of this.#waiting.splice(0)) resolve(table);
  }

  /** Rejects with an EnvironmentError after `deadlineMs`, and when the signal is aborted. */
  filled(signal: AbortSignal | null, deadlineMs = PEERS_DEADLINE_MS): Promise<readonly Endpoints[]> {
    if (this.#table !== null) return Promise.resolve(this.#table);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(late(deadlineMs)), deadlineMs);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal?.reason);
      });
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
  readonly tell: (endpoints: Endpoints) => void;
  readonly peers: PeerTable;
  /** Hears where transfers are recorded from now on. */
  readonly record: (log: FlightLog) => void;
}

export function worldOf(job: JobWords, { key, folder, tell, peers, record }: Connection): ProcessWorld {
  const { self, ranks, hosts, names, security, run, listenAt } = job;
  return {
    ...{ self, ranks, hosts },
    async connect(digest, inbox, { signal, recorder, operations }) {
      void operations.then((operations) => {
        record({ shared: recorder.shared, process: self, name: names[self], operations });
      });
      const listening = listen({ self, listenAt, folder });
      tell(listening.endpoints);
      const table = await peers.filled(signal).catch((thrown) => {
        listening.close();
        throw thrown;
      });
      const runKey = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
      const id = BigInt(`0x${run}`);
      const options = { names, run: id, runKey, security, digest, inbox, signal, recorder };
      const links = await listening.connect(table, options);
      runKey.fill(0);
      return links;
    },
  };
}

function late(deadlineMs: number): EnvironmentError {
  return new EnvironmentError(
    "peers-late",
    `the launcher has not told in ${deadlineMs / 1000} s how the other processes are reached`,
    "look for what the processes that are missing say",
  );
}
