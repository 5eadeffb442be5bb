/** Tells the launcher what an observer hears, in the words of the control pipe. */
import { openSync, rmSync } from "node:fs";
import { basename } from "node:path";
import type { EpochRecord } from "../checkpoint/checkpoint.ts";
import type { Observer, Progress, StartInfo } from "../job/options.ts";
import type { Channel } from "./channel.ts";
import { filePieces } from "./file-pieces.ts";
import type { Down, Up } from "./messages.ts";

/** All processes hold the same: one tells it all, the others that they have started, and what they warn of. */
export class Mirror implements Required<Observer> {
  readonly #channel: Channel<Down, Up>;
  readonly #tellsAll: boolean;

  constructor(channel: Channel<Down, Up>, tellsAll: boolean) {
    this.#channel = channel;
    this.#tellsAll = tellsAll;
  }

  started(info: StartInfo): void {
    this.#channel.send({ type: "started", info });
  }

  progress(progress: Progress): void {
    if (this.#tellsAll) this.#channel.send({ type: "progress", progress });
  }

  losses(firstStep: number, losses: readonly number[], stepMs: readonly number[]): void {
    if (!this.#tellsAll) return;
    const bytes = new Uint8Array(Float64Array.from([...losses, ...stepMs]).buffer);
    this.#channel.send({ type: "losses", firstStep }, bytes);
  }

  epoch(record: EpochRecord): void {
    if (this.#tellsAll) this.#channel.send({ type: "epoch", record });
  }

  warning(message: string): void {
    this.#channel.send({ type: "warning", message });
  }

  checkpoint(path: string): void {
    this.#hand("checkpoint", path);
  }

  /** Each process has those of its own ranks. */
  trace(path: string): void {
    this.#hand("trace", path);
  }

  /** Sends the file's bytes as the pipe takes them; the file itself is gone at once. */
  #hand(type: "checkpoint" | "trace", path: string): void {
    const descriptor = openSync(path, "r");
    rmSync(path);
    this.#channel.sendAll(pieces(type, descriptor, basename(path)));
  }
}

function* pieces(
  type: "checkpoint" | "trace",
  descriptor: number,
  name: string,
): Generator<[message: Up, payload: Uint8Array]> {
  for (const piece of filePieces(descriptor)) {
    yield [{ type, name, last: piece.length === 0 }, piece];
  }
}

/** The other way round: losses and durations of a message's payload. */
export function lossesOf(payload: Uint8Array): { losses: number[]; stepMs: number[] } {
  const values = [...new Float64Array(payload.slice().buffer, 0, payload.length >> 3)];
  const count = values.length / 2;
  return { losses: values.slice(0, count), stepMs: values.slice(count) };
}
