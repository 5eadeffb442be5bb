/** One process of a launched job: takes the job from its pipe, trains, tells what happens, and ends with its launcher. */
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { LockstepError } from "../base/errors.ts";
import { type Checkpoint, readCheckpoint } from "../checkpoint/checkpoint.ts";
import { openDataset } from "../data/catalogue.ts";
import { openModel } from "../job/open-model.ts";
import type { TrainResult } from "../job/options.ts";
import { machineFacts } from "../run/environment.ts";
import { train } from "../train.ts";
import { Channel } from "./channel.ts";
import { toWords } from "./failure-words.ts";
import { keepFlights } from "./flights.ts";
import { endAtOnce, type Guard, guard } from "./guard.ts";
import type { Down, JobWords, PairWords, Up } from "./messages.ts";
import { PIPE_VERSION } from "./messages.ts";
import { Mirror } from "./mirror.ts";
import { servePair } from "./pair.ts";
import { type Connection, PeerTable, worldOf } from "./world.ts";

export const BEAT_MS = 1000;
const LAST_WORDS_MS = 2000;
/** Of a process that stopped only because another did. */
export const ABORTED_EXIT_CODE = 75;

/** Serves one job; the process ends by itself. */
export class JobProcess {
  readonly #channel: Channel<Down, Up>;
  readonly #stop = new AbortController();
  #peers = new PeerTable();
  #folder: string | null = null;
  #guard: Guard | null = null;
  /** Why it ends, if it does not end well. */
  #why = "it was told to leave before its work was done";
  #exitCode: number | null = null;

  constructor(pipe: Duplex) {
    this.#channel = new Channel<Down, Up>(pipe, pipe, {
      hear: (message, payload) => this.#hear(message, payload),
      ended: () => endAtOnce(this.#folder),
    });
    setInterval(() => this.#beat(), BEAT_MS);
    const fail = (thrown: unknown) => void this.#fail(thrown);
    process.on("uncaughtException", fail).on("unhandledRejection", fail);
    // The launcher decides when to stop; the terminal's signal reaches it, too.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  }

  #hear(message: Down, payload: Uint8Array): void {
    if (message.type === "here") this.#moveIn(message);
    else if (message.type === "resume") appendFileSync(this.#place("resume.safetensors"), payload);
    else if (message.type === "job") void this.#serve(message, payload);
    else if (message.type === "pair") void this.#pair(message, payload);
    else if (message.type === "peers") this.#peers.fill(message.table);
    else if (message.type === "stop") this.#stop.abort();
    else if (message.type === "leave") process.exit(this.#exitCode ?? ABORTED_EXIT_CODE);
  }

  #moveIn({ folder, isAgent }: Extract<Down, { type: "here" }>): void {
    this.#folder = folder;
    this.#guard = guard({ parent: process.ppid, folder, parentMayStop: !isAgent });
    // Not before: a pipe that cannot be written any more is not read any more, and the folder would stay.
    this.#channel.send({ type: "hello", version: PIPE_VERSION, pid: process.pid, ...machineFacts() });
  }

  #beat(): void {
    this.#channel.send({ type: "beat" });
    this.#guard?.beat();
  }

  /** A name that no other process of this host uses. */
  #place(name: string): string {
    if (this.#folder === null) throw new Error("the pipe did not begin with a folder");
    return join(this.#folder, `${process.pid}-${name}`);
  }

  async #serve(job: JobWords, key: Uint8Array): Promise<void> {
    try {
      const { weights: _, ...result } = await this.#train(job, key);
      this.#channel.send({ type: "result", result });
      this.#exitCode = 0;
    } catch (thrown) {
      await this.#fail(thrown);
    }
  }

  async #train(job: JobWords, key: Uint8Array): Promise<TrainResult> {
    const { settings, origin, self, ranks } = job;
    process.title = `lockstep process ${self}`;
    if (job.fault !== null) process.env.LOCKSTEP_FAULT = job.fault;
    const checkpointFolder = this.#place("checkpoints");
    if (job.keepsCheckpoints) mkdirSync(checkpointFolder);
    return train({
      data: openDataset(settings.dataset),
      model: await openModel(settings),
      ...{ settings, origin },
      resume: job.resume === null ? undefined : this.#checkpoint(job.resume),
      checkpointFolder: job.keepsCheckpoints ? checkpointFolder : undefined,
      trace: job.trace === null ? undefined : { ...job.trace, folder: this.#place("trace") },
      signal: this.#stop.signal,
      observer: new Mirror(this.#channel, self === 0),
      world: ranks.length > 1 ? worldOf(job, this.#connection(key)) : undefined,
    });
  }

  /** A pair that fails is no reason to end: the next one may not. */
  async #pair(pair: PairWords, key: Uint8Array): Promise<void> {
    this.#peers = new PeerTable();
    try {
      const distance = await servePair(pair, this.#connection(key));
      if (distance !== null) this.#channel.send({ type: "measured", id: pair.id, distance });
    } catch (thrown) {
      this.#channel.send({ type: "apart", id: pair.id, failure: toWords(thrown) });
    }
  }

  #connection(key: Uint8Array): Connection {
    return {
      ...{ key, folder: this.#folder as string, peers: this.#peers },
      tell: (endpoints) => this.#channel.send({ type: "listening", endpoints }),
      record: (log) => keepFlights(this.#folder as string, log, this.#guard as Guard, () => this.#why),
    };
  }

  /** What came down the pipe, under the name that the user knows. */
  #checkpoint(path: string): Checkpoint {
    const here = this.#place("resume.safetensors");
    try {
      const { state, tensors } = readCheckpoint(here);
      return { path, state, tensors };
    } finally {
      rmSync(here, { force: true });
    }
  }

  /** Tells the first failure, and ends the process. */
  async #fail(thrown: unknown): Promise<void> {
    if (this.#exitCode !== null) return;
    const aborted = thrown instanceof LockstepError && thrown.code === "aborted";
    const words = toWords(thrown);
    this.#why = words.message;
    this.#exitCode = aborted ? ABORTED_EXIT_CODE : words.exitCode;
    this.#channel.send({ type: "failed", failure: words });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, LAST_WORDS_MS);
    });
    await Promise.race([this.#channel.flushed(), late]);
    clearTimeout(timer);
    process.exit(this.#exitCode);
  }
}
