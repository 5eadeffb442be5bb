/** From hosts to processes: who is reached how, and which ranks run where. */
import { hostname } from "node:os";
import { type Host, spelling } from "./hostfile.ts";

/** One process of a job. */
export interface PlannedProcess {
  /** 0, 1, … in the order of the hosts, then within each. */
  readonly index: number;
  /** The host as it was spelled, which is also its name in messages. */
  readonly host: string;
  /** How many ranks it has; the first of them is `firstRank` of the world. */
  readonly ranks: number;
  readonly firstRank: number;
}

/**
 * Is the host this machine? Only by these spellings: nothing is looked up. Another user's processes are not ours to start, so a
 * spelling with a user goes by ssh.
 */
export function isLocal({ name, user }: Pick<Host, "name" | "user">, own = hostname()): boolean {
  return user === null && ["localhost", "127.0.0.1", "::1", own.toLowerCase()].includes(name.toLowerCase());
}

/** Every host's slots in processes of at most `ranksPerProcess` ranks; null: one process a host. */
export function planProcesses(hosts: readonly Host[], ranksPerProcess: number | null): PlannedProcess[] {
  const planned: PlannedProcess[] = [];
  let firstRank = 0;
  for (const host of hosts) {
    const most = ranksPerProcess ?? host.slots;
    for (let left = host.slots; left > 0; left -= most) {
      const ranks = Math.min(left, most);
      planned.push({ index: planned.length, host: spelling(host), ranks, firstRank });
      firstRank += ranks;
    }
  }
  return planned;
}

/** What a process's lines and failures are called by: "3 hostB", "0-2 localhost". */
export function tagOf({ firstRank, ranks, host }: PlannedProcess): string {
  return `${ranks === 1 ? firstRank : `${firstRank}-${firstRank + ranks - 1}`} ${host}`;
}

/** "process 1 (rank 3 on hostB)", of several ranks "process 0 (ranks 0-2 on hostA)". */
export function nameOf(planned: PlannedProcess): string {
  const { index, ranks, host } = planned;
  const [numbers] = tagOf(planned).split(" ");
  return `process ${index} (${ranks === 1 ? "rank" : "ranks"} ${numbers} on ${host})`;
}
