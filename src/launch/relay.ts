/** Calls the launcher's observer for what a process tells, as if the job ran here; checkpoints and traces become files. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { LockstepError } from "../base/errors.ts";
import { writeError } from "../base/file-error.ts";
import type { Observer, TraceOptions } from "../job/options.ts";
import { checkpointStep } from "../run/checkpoint-name.ts";
import type { HostFacts } from "../run/environment.ts";
import { traceRank } from "../run/trace-name.ts";
import { ArrivingFile } from "./arriving-file.ts";
import type { Up } from "./messages.ts";
import { lossesOf } from "./mirror.ts";

export interface RelayOptions {
  readonly observer: Observer;
  readonly checkpointFolder: string;
  readonly trace?: TraceOptions;
  readonly hosts: () => readonly HostFacts[];
}

export class Relay {
  /** Steps that are known to be done. */
  steps = 0;
  readonly #options: RelayOptions;
  readonly #warned = new Set<string>();
  readonly #checkpoint = new ArrivingFile();
  /** By process. */
  readonly #traces = new Map<number, ArrivingFile>();
  /** The disk has refused a trace. */
  #isUntraced = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Of `process`. Throws what the observer throws, and what the disk refuses. */
  take(message: Up, payload: Uint8Array, process: number): void {
    if (message.type === "warning") this.#warn(message.message);
    else if (message.type === "trace") this.#takeTrace(message.name, payload, message.last, process);
    if (process > 0) return;
    const { observer, hosts } = this.#options;
    if (message.type === "started") observer.started?.({ ...message.info, hosts: hosts() });
    else if (message.type === "progress") observer.progress?.(message.progress);
    else if (message.type === "epoch") observer.epoch?.(message.record);
    else if (message.type === "losses") {
      const { losses, stepMs } = lossesOf(payload);
      this.steps = message.firstStep + losses.length - 1;
      observer.losses?.(message.firstStep, losses, stepMs);
    } else if (message.type === "checkpoint") this.#takeCheckpoint(message.name, payload, message.last);
  }

  /** What was on its way is no file. */
  end(): void {
    for (const file of [this.#checkpoint, ...this.#traces.values()]) file.abandon();
  }

  /** What several processes warn of is said once. */
  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.observer.warning?.(text);
  }

  #takeCheckpoint(name: string, piece: Uint8Array, last: boolean): void {
    const { checkpointFolder, observer } = this.#options;
    if (checkpointStep(name) === null)
      throw new RangeError(`${JSON.stringify(name)} is not a checkpoint's name`);
    const path = join(checkpointFolder, name);
    if (this.#checkpoint.take(path, piece, last)) observer.checkpoint?.(path);
  }

  /** No run is lost for its trace: what the disk refuses is warned of. */
  #takeTrace(name: string, piece: Uint8Array, last: boolean, process: number): void {
    const { trace, observer } = this.#options;
    if (traceRank(name) === null) throw new RangeError(`${JSON.stringify(name)} is not a trace's name`);
    if (trace === undefined || this.#isUntraced) return;
    const file = this.#traces.get(process) ?? new ArrivingFile();
    this.#traces.set(process, file);
    const path = join(trace.folder, name);
    let isThere = false;
    try {
      mkdirSync(trace.folder, { recursive: true });
      isThere = file.take(path, piece, last);
    } catch (thrown) {
      this.#isUntraced = true;
      const { message, fix } = thrown instanceof LockstepError ? thrown : writeError(path, thrown);
      this.#warn(`the trace is not there, or not whole: ${message}; ${fix}`);
    }
    if (isThere) observer.trace?.(path);
  }
}
