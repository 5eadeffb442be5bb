/** Calls the launcher's observer for what a process tells, as if the job ran here; checkpoints become files. */
import { join } from "node:path";
import { AtomicFile } from "../base/atomic-file.ts";
import type { Observer } from "../job/options.ts";
import { checkpointStep } from "../run/checkpoint-name.ts";
import type { HostFacts } from "../run/environment.ts";
import type { Up } from "./messages.ts";
import { lossesOf } from "./mirror.ts";

export class Relay {
  /** Steps that are known to be done. */
  steps = 0;
  readonly #observer: Observer;
  readonly #checkpointFolder: string;
  readonly #hosts: () => readonly HostFacts[];
  readonly #warned = new Set<string>();
  #file: AtomicFile | null = null;

  constructor(observer: Observer, checkpointFolder: string, hosts: () => readonly HostFacts[]) {
    this.#observer = observer;
    this.#checkpointFolder = checkpointFolder;
    this.#hosts = hosts;
  }

  /** Throws what the observer throws, and what the disk refuses. */
  take(message: Up, payload: Uint8Array, isFirst: boolean): void {
    if (message.type === "warning") this.#warn(message.message);
    if (!isFirst) return;
    const observer = this.#observer;
    if (message.type === "started") observer.started?.({ ...message.info, hosts: this.#hosts() });
    else if (message.type === "progress") observer.progress?.(message.progress);
    else if (message.type === "epoch") observer.epoch?.(message.record);
    else if (message.type === "losses") {
      const { losses, stepMs } = lossesOf(payload);
      this.steps = message.firstStep + losses.length - 1;
      observer.losses?.(message.firstStep, losses, stepMs);
    } else if (message.type === "checkpoint") this.#write(message.name, payload, message.last);
  }

  /** A checkpoint that was on its way is no file. */
  end(): void {
    this.#file?.abandon();
    this.#file = null;
  }

  /** What several processes warn of is said once. */
  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#observer.warning?.(text);
  }

  #write(name: string, bytes: Uint8Array, last: boolean): void {
    if (checkpointStep(name) === null)
      throw new RangeError(`${JSON.stringify(name)} is not a checkpoint's name`);
    const path = join(this.#checkpointFolder, name);
    this.#file ??= new AtomicFile(path);
    this.#file.write(bytes);
    if (!last) return;
    this.#file.commit();
    this.#file = null;
    this.#observer.checkpoint?.(path);
  }
}
