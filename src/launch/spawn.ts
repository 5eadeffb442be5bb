/** The processes of this machine: direct children, each with a pipe of its own, in groups that can be killed whole. */
import type { ChildProcess } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { EnvironmentError } from "../base/errors.ts";
import { Channel } from "./channel.ts";
import { flightsOf } from "./flights.ts";
import { killGroup, spawnGroup } from "./groups.ts";
import { makeFolder, newPath, removeFolder } from "./host-folder.ts";
import { Lines } from "./lines.ts";
import type { Down, Up } from "./messages.ts";
import type { HostEvents, ProcessHost } from "./process-host.ts";

/** What a child's own children keep open of its output, we do not wait for. */
const LAST_WORDS_MS = 500;
const GONE_MS = 2000;

interface Started {
  readonly child: ChildProcess;
  readonly channel: Channel<Up, Down>;
  readonly ended: Promise<void>;
}

export interface LocalOptions {
  /** What a process runs; for tests. */
  readonly script?: URL;
  /** Whoever starts the processes does so for a launcher elsewhere. */
  readonly isAgent?: boolean;
}

export class LocalHost implements ProcessHost {
  readonly #events: HostEvents;
  readonly #script: string;
  readonly #isAgent: boolean;
  readonly #started = new Map<number, Started>();
  /** Where this host's processes keep what only they may see; made when the first of them is started. */
  readonly folder: string = newPath();
  #isMade = false;
  readonly #atExit = () => {
    this.kill();
    this.#removeFolder();
  };

  constructor(events: HostEvents, { script, isAgent = false }: LocalOptions = {}) {
    this.#events = events;
    this.#script = fileURLToPath(script ?? new URL("./process.js", import.meta.url));
    this.#isAgent = isAgent;
  }

  readonly way = null;

  async open(): Promise<void> {}

  start(processes: readonly number[]): void {
    for (const process of processes) this.#start(process);
  }

  send(process: number, message: Down, payload?: Uint8Array): void {
    this.#started.get(process)?.channel.send(message, payload);
  }

  sendAll(process: number, messages: Iterable<readonly [Down, Uint8Array]>): void {
    this.#started.get(process)?.channel.sendAll(messages);
  }

  kill(): void {
    for (const { child } of this.#started.values()) killGroup(child);
  }

  /** Also without close() nothing stays: the children end with their pipe, and remove the folder. */
  async close(): Promise<void> {
    this.kill();
    const gone = Promise.all([...this.#started.values()].map(({ ended }) => ended));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, GONE_MS);
    });
    await Promise.race([gone, late]);
    clearTimeout(timer);
    process.off("exit", this.#atExit);
    this.#removeFolder();
  }

  #makeFolder(): void {
    if (this.#isMade) return;
    makeFolder(this.folder);
    this.#isMade = true;
    process.on("exit", this.#atExit); // Where close() is not waited for: the second Ctrl-C.
  }

  #removeFolder(): void {
    if (this.#isMade) removeFolder(this.folder);
  }

  #start(process: number): void {
    const child = spawnGroup(globalThis.process.execPath, [this.#script], ["ignore", "pipe", "pipe", "pipe"]);
    const pipe = child.stdio[3] as Duplex;
    const channel = new Channel<Up, Down>(pipe, pipe, {
      hear: (message, payload) => this.#events.message(process, message, payload),
      ended: () => {}, // The end of the process says more.
    });
    for (const stream of [child.stdout, child.stderr] as Readable[]) {
      const lines = new Lines((line) => this.#events.output(process, line));
      stream.on("data", (chunk: Uint8Array) => lines.push(chunk)).on("end", () => lines.end());
    }
    const ended = this.#untilEnded(process, child);
    this.#started.set(process, { child, channel, ended });
    // Told before it is made: whoever is killed in between leaves none, and after it the child removes it.
    channel.send({ type: "here", folder: this.folder, isAgent: this.#isAgent });
    this.#makeFolder();
  }

  #tellEnd(process: number, { pid, exitCode, signalCode }: ChildProcess): void {
    const flights = pid !== undefined && exitCode !== 0 ? flightsOf(this.folder, pid) : null;
    if (flights !== null) this.#events.flights(process, flights);
    this.#events.ended(process, exitCode, signalCode);
  }

  #untilEnded(process: number, child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      let isTold = false;
      const tell = () => {
        if (!isTold) this.#tellEnd(process, child);
        isTold = true;
        resolve();
      };
      child.once("exit", () => {
        killGroup(child); // What it may have started does not stay.
        setTimeout(tell, LAST_WORDS_MS).unref();
      });
      child.once("close", tell);
      child.once("error", (thrown) => {
        if (child.pid === undefined) this.#events.lost(cannotStart(thrown));
        resolve();
      });
    });
  }
}

function cannotStart(thrown: Error): EnvironmentError {
  return new EnvironmentError(
    "cannot-start-process",
    `the system starts no process: ${thrown.message}`,
    "raise the limit on processes (ulimit -u), or give fewer processes",
    thrown,
  );
}
