/** A run of several processes to which something happens: who takes part, who is struck, and that nothing of it is left. */
import { readdirSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { type Ended, workplace } from "../cli/child.ts";
import { heldOf, portsOf, socketFilesIn } from "../launch/listening.ts";
import { startSshd } from "../launch/sshd.ts";
import { Launched, processesOf, type Running, TRAIN_ANY, temporary } from "../launch/stories.ts";

const LOOK_MS = 20;
/** Nobody must come any more in so many looks: not in a time, of which a busy machine may leave none to look. */
const AFTERMATH_LOOKS = 20;

/** The hosts of a run, with one rank each; those behind ssh are `remote`. */
export interface Cast {
  readonly hosts: readonly string[];
  readonly remote: readonly string[];
  readonly flags: readonly string[];
}

export const HERE: Cast = {
  hosts: ["localhost", "127.0.0.1", "[::1]"],
  remote: [],
  flags: ["--hosts", "localhost:1,127.0.0.1:1,[::1]:1"],
};

const STAGES = ["--layout", "pp=3", "--micro-batches", "3"];

/** A stage in each of three processes. */
export const THREE_STAGES: Cast = { ...HERE, flags: [...HERE.flags, ...STAGES] };

/** Three steps an epoch, after each of which megabytes of weights and states are told from process to process. */
export const MOSTLY_TELLING: Cast = {
  ...HERE,
  flags: [...THREE_STAGES.flags, "--hidden", "512,512,512", "--optimizer", "adam", "--batch", "200"],
};

/** A host behind an sshd of the test's own, and this one. */
export async function behindSsh(t: ExecutionContext): Promise<Cast> {
  const { ssh } = await startSshd(t);
  return {
    hosts: ["127.0.0.2", "localhost"],
    remote: ["127.0.0.2"],
    flags: ["--hosts", "127.0.0.2:1,localhost:1", "--ssh", ssh],
  };
}

/** The forms of an exact allreduce; what happens to a run may depend on it, its weights do not. */
export const FORMS = ["exchange", "sharded", "ordered"] as const;

/** A layer's gradient of 48 KB: below 32 none is made in shards. */
const WIDE = ["--hidden", "128,96", "--lr", "0.1"];

/** Whoever takes part in a run but its launcher, as a person would call it. */
export interface Part extends Running {
  readonly name: string;
  /** The rank of a process that trains; null: it has none. */
  readonly rank: number | null;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const PROCESS = /lockstep process|launch\/process\.js/;
const AGENT = /agent-entry\.js/;
const SSH = /BatchMode=yes/;

export class Story {
  readonly launched: Launched;
  readonly folder: string;
  readonly #t: ExecutionContext;
  readonly #cast: Cast;
  #ports: number[] = [];

  constructor(
    t: ExecutionContext,
    cast: Cast,
    argv: readonly string[],
    environment: Record<string, string> = {},
  ) {
    this.#t = t;
    this.#cast = cast;
    this.folder = workplace(t);
    const train = argv.includes("--model") ? TRAIN_ANY : [...TRAIN_ANY, ...WIDE];
    const words = [...train, "--json", "--run-dir", "out", ...cast.flags, ...argv];
    this.launched = new Launched(t, this.folder, words, environment);
  }

  get ended(): Promise<Ended> {
    return this.launched.ended;
  }

  /** Resolves once steps have been taken. */
  trains(): Promise<void> {
    return this.launched.trains("out");
  }

  /** Who is there now, in the order of their birth. */
  async parts(): Promise<Part[]> {
    const { hosts, remote } = this.#cast;
    const all = (await processesOf(this.folder)).sort((a, b) => a.pid - b.pid);
    const agents = all.filter(({ command }) => AGENT.test(command) && !SSH.test(command));
    const here = hosts.filter((host) => !remote.includes(host));
    let local = 0; // They are started in the order of the hosts.
    return all.flatMap((running): Part[] => {
      const { command, parent } = running;
      if (SSH.test(command)) return [{ ...running, name: "the ssh client", rank: null }];
      if (agents.includes(running)) return [{ ...running, name: "the agent", rank: null }];
      if (!PROCESS.test(command)) return [];
      const host = agents.some(({ pid }) => pid === parent) ? remote[0] : here[local++];
      const rank = hosts.indexOf(host);
      return [{ ...running, name: `process ${rank} (rank ${rank} on ${host})`, rank }];
    });
  }

  /** One of those who are there, drawn by `number`; waits for the first to come. */
  async anyPart(number: number): Promise<Part> {
    for (;;) {
      const parts = await this.parts();
      if (parts.length > 0) return parts[number % parts.length];
      if (this.launched.process.exitCode !== null)
        throw new Error(`it ended before it began: ${this.launched.stderr}`);
      await pause(5);
    }
  }

  async part(name: RegExp): Promise<Part> {
    const found = (await this.parts()).find((part) => name.test(part.name));
    if (found === undefined) throw new Error(`nobody is ${name}: ${this.launched.stderr}`);
    return found;
  }

  /** Sends a signal, and takes down where the run listens at that moment. */
  async strike(pid: number, signal: NodeJS.Signals): Promise<void> {
    this.#ports = await this.ports();
    process.kill(pid, signal);
  }

  /** Every port at which a process of the run listens now. */
  async ports(): Promise<number[]> {
    return portsOf((await processesOf(this.folder)).map(({ pid }) => pid));
  }

  /**
   * Fails unless within `withinMs` nobody of the run is left, nobody holds its ports, and its temporary files
   * are gone; and it stays so: whom ssh was about to start when it was killed comes later.
   */
  async leavesNothing(withinMs: number, note: string): Promise<void> {
    const began = performance.now();
    let goneMs = 0;
    for (let looks = 0; looks < AFTERMATH_LOOKS && goneMs < withinMs; looks++) {
      if ((await this.#left()).length > 0) {
        goneMs = performance.now() - began;
        looks = 0;
      }
      await pause(LOOK_MS);
    }
    this.#t.deepEqual(await this.#left(), [], note);
    this.#t.true(goneMs < withinMs, `${note}: all gone in ${goneMs} ms`);
    this.#t.log(`${note}: all gone in ${Math.round(goneMs)} ms`);
  }

  /** Processes, ports and files. The last thread of a process that has died may take a while to let go of what it held. */
  async #left(): Promise<unknown[]> {
    const folder = temporary(this.folder);
    const files = [...socketFilesIn(folder), ...readdirSync(folder)];
    return [...(await processesOf(this.folder)), ...heldOf(this.#ports), ...files];
  }
}
