/** A run's folder while it is trained: everything that is written there, and what is left when it ends. */
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { writeAtomically, writeFully } from "../base/atomic-file.ts";
import { InputError } from "../base/errors.ts";
import { writeError } from "../base/file-error.ts";
import { describeEnvironment } from "./environment.ts";
import { lockRun } from "./lock.ts";
import { RunLog } from "./log.ts";
import { Metrics, rewindMetrics } from "./metrics.ts";
import { type Place, removePlace } from "./place.ts";
import { type RunState, thisProcess, writeStatus } from "./status.ts";

/** Steps and whole epochs done. */
interface Standing {
  readonly step: number;
  readonly epoch: number;
}

export class RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  readonly metrics: Metrics;
  readonly log: RunLog;
  readonly #place: Place | null;
  readonly #unlock: () => void;
  readonly #startedAt = new Date().toISOString();
  #stepped: boolean;
  #closed = false;

  private constructor(path: string, place: Place | null, unlock: () => void) {
    this.path = path;
    this.#place = place;
    this.#unlock = unlock;
    this.#stepped = place === null;
    this.checkpoints = join(path, "checkpoints");
    try {
      mkdirSync(this.checkpoints, { recursive: true });
      mkdirSync(join(path, "logs"), { recursive: true });
    } catch (thrown) {
      throw writeError(path, thrown);
    }
    this.log = new RunLog(join(path, "logs", "train.log"));
    this.metrics = new Metrics(join(path, "metrics.jsonl"));
  }

  /** Fills a new folder. If that fails, the folder is gone again. */
  static create(place: Place, config: string, argv: readonly string[]): RunFolder {
    const unlock = lockNew(place);
    try {
      const folder = new RunFolder(place.path, place, unlock);
      folder.#begin(config, argv, 0);
      return folder;
    } catch (thrown) {
      removePlace(place);
      throw thrown;
    }
  }

  /** Takes up a run where it stands; metrics of what comes after are dropped. Throws an InputError if another process has it. */
  static reopen(path: string, config: string, argv: readonly string[], { step, epoch }: Standing): RunFolder {
    const unlock = lockRun(path);
    try {
      const metrics = join(path, "metrics.jsonl");
      if (existsSync(metrics)) rewindMetrics(metrics, step, epoch);
      const folder = new RunFolder(resolve(path), null, unlock);
      folder.#begin(config, argv, step);
      return folder;
    } catch (thrown) {
      unlock();
      throw thrown;
    }
  }

  #begin(config: string, argv: readonly string[], steps: number): void {
    this.#write("config.yaml", config);
    this.environment(argv, null);
    this.#status("running", steps, {});
  }

  /** Completes env.json once the kernels are loaded. */
  environment(argv: readonly string[], engine: Parameters<typeof describeEnvironment>[1]): void {
    this.#write("env.json", `${JSON.stringify(describeEnvironment(argv, engine), null, 2)}\n`);
  }

  plan(plan: unknown): void {
    this.#write("plan.json", `${JSON.stringify(plan, null, 2)}\n`);
  }

  /** The run is under way: from now on its folder stays, and `latest` beside it points to it. */
  stepped(): void {
    if (this.#stepped) return;
    this.#stepped = true;
    if (basename(dirname(this.path)) === "runs") pointLatest(this.path);
  }

  /** Says in status.json how far the running run is. */
  reached(steps: number): void {
    if (!this.#closed) this.#status("running", steps, {});
  }

  /** The folder of traces, to be made by who has one to write: those of an earlier part of the run go. */
  newTrace(): string {
    const path = join(this.path, "trace");
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Who writes there will say so.
    }
    return path;
  }

  /** Keeps the last transfers of a process that did not end well; like a log, no reason to stop a run. */
  flights(process: number, bytes: Uint8Array): void {
    try {
      writeAtomically(join(this.path, "logs", `flight-${process}.json`), (descriptor) =>
        writeFully(descriptor, bytes),
      );
    } catch {
      // Dropped.
    }
  }

  /** Writes how the run ended. A run that failed before its first step leaves nothing behind. */
  finish(state: RunState, steps: number, outcome: { error?: unknown; summary?: unknown }): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      if (!this.#stepped && state === "failed") return;
      this.metrics.close();
      this.#status(state, steps, outcome);
    } finally {
      this.log.close();
      this.#unlock();
      if (!this.#stepped && state === "failed" && this.#place !== null) removePlace(this.#place);
    }
  }

  #status(status: RunState, steps: number, outcome: { error?: unknown; summary?: unknown }): void {
    const finishedAt = status === "running" ? null : new Date().toISOString();
    writeStatus(this.path, {
      status,
      steps,
      startedAt: this.#startedAt,
      finishedAt,
      process: thisProcess(),
      ...outcome,
    });
  }

  #write(name: string, text: string): void {
    writeAtomically(join(this.path, name), (descriptor) => writeFully(descriptor, Buffer.from(text)));
  }
}

/** Another process may have been faster to take the same new folder: then all that is in it is the other's. */
function lockNew(place: Place): () => void {
  try {
    return lockRun(place.path);
  } catch (thrown) {
    if (!(thrown instanceof InputError)) removePlace(place);
    throw thrown;
  }
}

/** Makes `latest` beside `path` a link to it, in one step that nobody can see half of. */
function pointLatest(path: string): void {
  const link = join(dirname(path), "latest");
  const beside = `${link}.${process.pid}.tmp`;
  try {
    rmSync(beside, { force: true });
    symlinkSync(relative(dirname(path), path), beside);
    renameSync(beside, link);
  } catch (thrown) {
    rmSync(beside, { force: true });
    throw writeError(link, thrown);
  }
}
