/** How far hosts are from each other: a process on each, and for every two of them a link, one pair after the other. */
import { randomBytes } from "node:crypto";
import type { Placement } from "../base/config.ts";
import { EnvironmentError, LockstepError } from "../base/errors.ts";
import type { Distance } from "../transport/distance.ts";
import { fromWords } from "./failure-words.ts";
import { type Host, spelling } from "./hostfile.ts";
import { isLocal } from "./hosts.ts";
import type { PairWords, Up } from "./messages.ts";
import type { HostEvents, ProcessHost } from "./process-host.ts";
import { RemoteHost } from "./remote-host.ts";
import { LocalHost } from "./spawn.ts";
import { listenAddress, type Reached } from "./ways.ts";

/** For two hosts: greeting, measuring, and farewell. */
const PAIR_MS = 25_000;

export interface Between {
  readonly hosts: readonly [string, string];
  /** Null where they do not reach each other. */
  readonly distance: Distance | null;
  readonly problem: { readonly message: string; readonly fix: string } | null;
}

/** Tells of every two of `hosts`, which can all be used; nobody is left there afterwards. */
export async function survey(
  hosts: readonly Host[],
  placement: Placement,
  tell: (between: Between) => void,
): Promise<void> {
  const surveyor = new Surveyor(hosts, placement);
  try {
    await surveyor.open();
    for (let first = 0; first < hosts.length; first++)
      for (let second = first + 1; second < hosts.length; second++)
        tell(await surveyor.between(first, second));
  } finally {
    await surveyor.close();
  }
}

/** What is heard of the pair in hand. */
interface Pending {
  readonly id: number;
  readonly members: readonly number[];
  readonly introduce: (message: Extract<Up, { type: "listening" }>) => void;
  readonly resolve: (distance: Distance) => void;
  readonly reject: (error: LockstepError) => void;
}

class Surveyor {
  readonly #hosts: (Reached & { readonly link: ProcessHost })[];
  readonly #placement: Placement;
  /** Why nothing more comes from a host. */
  readonly #lost = new Map<number, LockstepError>();
  #pending: Pending | null = null;
  #pairs = 0;

  constructor(hosts: readonly Host[], placement: Placement) {
    this.#placement = placement;
    this.#hosts = hosts.map((host, index) => {
      const events = this.#events(index);
      const link = isLocal(host) ? new LocalHost(events) : new RemoteHost(host, placement, events);
      return { host, link, isLocal: isLocal(host) };
    });
  }

  async open(): Promise<void> {
    await Promise.all(this.#hosts.map(({ link }) => link.open()));
    for (const [index, { link }] of this.#hosts.entries()) link.start([index]);
  }

  async between(first: number, second: number): Promise<Between> {
    const hosts = [first, second].map((index) => spelling(this.#hosts[index].host)) as [string, string];
    try {
      return { hosts, distance: await this.#measure(first, second), problem: null };
    } catch (thrown) {
      if (!(thrown instanceof LockstepError)) throw thrown;
      const { message, fix } = thrown;
      return { hosts, distance: null, problem: { message, fix } };
    } finally {
      this.#pending = null;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map(({ link }) => link.close()));
  }

  async #measure(first: number, second: number): Promise<Distance> {
    const [listener, dialer] = [this.#hosts[first], this.#hosts[second]];
    const lost = this.#lost.get(first) ?? this.#lost.get(second);
    if (lost) throw lost;
    const key = randomBytes(32);
    const words = {
      ...({ type: "pair", id: this.#pairs++, run: randomBytes(8).toString("hex") } as const),
      names: [listener, dialer].map(({ host }) => spelling(host)),
      listenAt: await listenAddress(listener, dialer),
      security: this.#placement.security,
    };
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(tooLong(words)), PAIR_MS);
        const introduce: Pending["introduce"] = ({ endpoints }) => {
          const table = [endpoints, []];
          listener.link.send(first, { type: "peers", table });
          dialer.link.send(second, { ...words, self: 1, table }, key);
        };
        this.#pending = { id: words.id, members: [first, second], introduce, resolve, reject };
        listener.link.send(first, { ...words, self: 0, table: null }, key);
      });
    } finally {
      clearTimeout(timer);
      key.fill(0);
    }
  }

  #events(index: number): HostEvents {
    const host = () => spelling(this.#hosts[index].host);
    return {
      message: (_, message) => this.#hear(index, message),
      output: () => {},
      flights: () => {},
      ended: (_, code, signal) => this.#lose(index, ended(host(), code, signal)),
      lost: (error) => this.#lose(index, error),
    };
  }

  #hear(index: number, message: Up): void {
    const pending = this.#pending;
    if (message.type === "failed") this.#lose(index, this.#failure(index, message.failure));
    else if (message.type === "listening") pending?.introduce(message);
    else if (message.type === "measured" && message.id === pending?.id) pending.resolve(message.distance);
    else if (message.type === "apart" && message.id === pending?.id)
      pending.reject(this.#failure(index, message.failure));
  }

  #failure(index: number, failure: Extract<Up, { type: "failed" }>["failure"]): LockstepError {
    return fromWords(failure, { host: spelling(this.#hosts[index].host) });
  }

  #lose(index: number, error: LockstepError): void {
    if (!this.#lost.has(index)) this.#lost.set(index, error);
    if (this.#pending?.members.includes(index)) this.#pending.reject(error);
  }
}

function ended(host: string, code: number | null, signal: string | null): EnvironmentError {
  const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
  return new EnvironmentError(
    "process-exited",
    `the process on ${host} ${how}`,
    "look at its memory and limits",
  );
}

function tooLong({ names }: Pick<PairWords, "names">): EnvironmentError {
  const message = `${names.join(" and ")} were not done with each other within ${PAIR_MS / 1000} s`;
  return new EnvironmentError("pair-slow", message, "look at their load, and at the network between them");
}
