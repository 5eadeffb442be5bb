/** The main thread's side of a process: starts its ranks, commands them, watches them, and ends them whatever happens. */
import { Worker } from "node:worker_threads";
import { EnvironmentError, type LockstepError, RankError } from "../base/errors.ts";
import { type World, worldRank } from "../program/world.ts";
import {
  COMMAND,
  type CommandName,
  controlWords,
  NO_LAST_STEP,
  operationOf,
  stepWord,
  WORD,
} from "./control.ts";
import type { RankJob, RankMessage } from "./job.ts";
import { WATCH_GRACE_MS } from "./patience.ts";
import { Watch } from "./watch.ts";

const WATCH_MS = 250;

/** One command in flight: resolved when every rank has answered. */
interface Pending {
  readonly answered: Set<number>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class RankProcess {
  readonly #words: Int32Array;
  readonly #workers: Worker[] = [];
  readonly #timeoutMs: number;
  readonly #world: World;
  #pending: Pending | null = null;
  #failure: LockstepError | null = null;
  #leaving = false;

  private constructor(jobs: readonly RankJob[], script: URL) {
    const [{ memory, addresses, ranks, world, timeoutMs }] = jobs;
    this.#words = controlWords(memory, addresses.control, ranks);
    this.#timeoutMs = timeoutMs;
    this.#world = world;
    Atomics.store(this.#words, WORD.lastStep, NO_LAST_STEP);
    try {
      for (const job of jobs) this.#workers.push(this.#spawn(job, script));
    } catch (thrown) {
      // The threads that did start are ended by close(), like after any other failure.
      this.#fail(noThreads(this.#workers.length, ranks, thrown));
    }
  }

  /**
   * Starts a thread for each job, of a script that serves it (worker.ts, or another); `ready` resolves when all ranks wait for
   * their first command. It rejects with the first failure, EnvironmentError `no-threads` where the system gave too few. Close
   * the process in any case.
   */
  static start(
    jobs: readonly RankJob[],
    script = new URL("./worker.js", import.meta.url),
  ): { process: RankProcess; ready: Promise<void> } {
    const process = new RankProcess(jobs, script);
    return { process, ready: process.#answered() };
  }

  /** The first failure, if there was one. */
  get failure(): LockstepError | null {
    return this.#failure;
  }

  get stepsDone(): number {
    return Atomics.load(this.#words, WORD.stepsDone);
  }

  /**
   * Trains on batches `first` … `end`−1 of the order in `slot`; `steps` of the run were done before. Resolves
   * to the steps done.
   */
  async train(first: number, end: number, slot: number, steps: number): Promise<number> {
    Atomics.store(this.#words, WORD.stepsDone, steps);
    await this.#command("train", [first, end, slot, steps]);
    return this.stepsDone;
  }

  async evaluate(): Promise<void> {
    await this.#command("evaluate", []);
  }

  /** All ranks finish the step in hand, then the command. */
  stopAfterThisStep(): void {
    Atomics.store(this.#words, WORD.stopRequest, 1);
  }

  /** A failure that no rank could tell, a broken link's: ends the command in hand like a rank's own. */
  fail(error: LockstepError): void {
    this.#fail(error);
  }

  /** Ends all threads; resolves when they are gone. Who still waits for an answer gets none. */
  async close(): Promise<void> {
    this.#leaving = true;
    this.#pending?.reject(new RankError("closed", "the ranks were ended", "see the first failure", {}));
    this.#pending = null;
    this.#issue("leave", []);
    Atomics.store(this.#words, WORD.abort, 1);
    Atomics.notify(this.#words, WORD.round);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #spawn(job: RankJob, script: URL): Worker {
    const number = worldRank(this.#world, job.rank);
    const worker = new Worker(script, { workerData: job, name: `rank ${number}` });
    worker.on("message", (message: RankMessage) => this.#hear(job.rank, message));
    worker.on("error", (error: Error) => {
      const message = `rank ${number} failed: ${error.message}`;
      this.#fail(new RankError("rank-failed", message, "see the stack", this.#where(job.rank), error));
    });
    worker.on("exit", (code) => {
      if (this.#leaving) return;
      const message = `rank ${number} ended with exit code ${code}`;
      this.#fail(
        new RankError(
          "rank-exited",
          message,
          "look at what it printed last: above, or in the logs of the run's folder",
          this.#where(job.rank),
        ),
      );
    });
    return worker;
  }

  #where(rank: number): { rank: number; step: number; operation: string } {
    return {
      rank: worldRank(this.#world, rank),
      step: Math.max(1, Atomics.load(this.#words, stepWord(rank))),
      operation: operationOf(this.#words),
    };
  }

  #hear(from: number, message: RankMessage): void {
    if (message.type === "failed") {
      const { code, fix, rank, step, operation, stack } = message;
      // A rank that gave up because another failed is not the first failure, whoever is heard first.
      if (code === "aborted") return;
      // Who waits for others tells of them, not of itself.
      const isOwn = !code.endsWith("-late");
      const text = isOwn ? `rank ${rank} failed at step ${step}: ${message.message}` : message.message;
      const error = new RankError(code, text, fix, { rank, step, operation });
      if (stack && isOwn) error.stack = stack;
      this.#fail(error);
    } else if (this.#pending?.answered.add(from).size === this.#workers.length) {
      const { resolve } = this.#pending;
      this.#pending = null;
      resolve();
    }
  }

  /** The first failure counts; it wakes every rank that waits for the failed one. */
  #fail(error: LockstepError): void {
    if (this.#failure || this.#leaving) return;
    this.#failure = error;
    Atomics.store(this.#words, WORD.abort, 1);
    Atomics.notify(this.#words, WORD.round);
    const reject = this.#pending?.reject;
    this.#pending = null;
    reject?.(error);
  }

  #issue(command: CommandName, operands: readonly number[]): void {
    operands.forEach((operand, index) => {
      Atomics.store(this.#words, WORD.operand + index, operand);
    });
    Atomics.store(this.#words, WORD.command, COMMAND[command]);
    Atomics.add(this.#words, WORD.sequence, 1);
    Atomics.notify(this.#words, WORD.sequence, 1); // and each rank wakes another
  }

  #command(command: CommandName, operands: readonly number[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    const answered = this.#answered();
    this.#issue(command, operands);
    return answered;
  }

  /** Resolves when all ranks have answered, rejects with the first failure, or when a rank has not moved for too long. */
  async #answered(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const watch = this.#watch();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#pending = { answered: new Set(), resolve, reject };
      });
    } finally {
      clearInterval(watch);
    }
  }

  /** Counts its own ticks, not the clock's: a machine that slept has not waited. */
  #watch(): NodeJS.Timeout {
    const watch = new Watch(this.#words, this.#workers.length, this.#timeoutMs + WATCH_GRACE_MS);
    return setInterval(() => {
      const late = watch.look(WATCH_MS, (rank) => this.#pending?.answered.has(rank) ?? true);
      if (late !== null) this.#fail(this.#hung(late));
    }, WATCH_MS);
  }

  #hung(rank: number): RankError {
    const message = `rank ${worldRank(this.#world, rank)} has not moved for ${this.#timeoutMs / 1000} s`;
    return new RankError(
      "rank-hung",
      message,
      "if its steps take that long, raise --collective-timeout",
      this.#where(rank),
    );
  }
}

/** `started` of `ranks` threads were there when the system, or Node.js, gave no more. */
function noThreads(started: number, ranks: number, cause: unknown): EnvironmentError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EnvironmentError(
    "no-threads",
    `the system gave ${started} of the ${ranks} threads for the ranks: ${why}`,
    "give fewer --ranks, or raise the limit on threads (ulimit -u, or the container's)",
    cause,
  );
}
