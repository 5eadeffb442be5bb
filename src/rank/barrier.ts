/** Where the ranks of a process meet: a counting barrier in shared memory that spins a little, then sleeps, never for ever. */
import { availableParallelism } from "node:os";
import { RankError } from "../base/errors.ts";
import { arrivalWord, WORD } from "./control.ts";

/** Waits are cut into slices, so that a machine that slept, or a stopped process, does not look like a hung rank. */
const SLICE_MS = 250;

export interface BarrierOptions {
  readonly rank: number;
  readonly ranks: number;
  /** How often to look before sleeping: see spinCount. */
  readonly spins: number;
  readonly timeoutMs: number;
}

export class Barrier {
  readonly #words: Int32Array;
  readonly #options: BarrierOptions;
  #round: number;

  constructor(words: Int32Array, options: BarrierOptions) {
    this.#words = words;
    this.#options = options;
    this.#round = Atomics.load(words, WORD.round);
  }

  /** Returns when all ranks have called it. Throws a RankError when another rank failed or did not come in time. */
  meet(): void {
    const { rank, ranks } = this.#options;
    if (ranks === 1) return;
    const words = this.#words;
    const before = this.#round;
    const round = (before + 1) | 0;
    this.#round = round;
    Atomics.store(words, arrivalWord(rank), round);
    if (Atomics.add(words, WORD.arrivals, 1) === ranks - 1) {
      Atomics.store(words, WORD.arrivals, 0);
      Atomics.store(words, WORD.round, round);
      if (Atomics.load(words, WORD.sleepers) > 0) Atomics.notify(words, WORD.round);
      return;
    }
    for (let spin = this.#options.spins; spin > 0; spin--)
      if (Atomics.load(words, WORD.round) !== before) return;
    this.#sleep(before);
  }

  #sleep(before: number): void {
    const words = this.#words;
    const slices = Math.ceil(this.#options.timeoutMs / SLICE_MS);
    // A sleeper counts itself before it looks at the round once more (Atomics.wait does, atomically): no wake-up is lost.
    Atomics.add(words, WORD.sleepers, 1);
    try {
      for (let slice = 0; slice < slices; slice++) {
        Atomics.wait(words, WORD.round, before, SLICE_MS);
        if (Atomics.load(words, WORD.round) !== before) return;
        if (Atomics.load(words, WORD.abort) !== 0) throw this.#aborted();
      }
    } finally {
      Atomics.sub(words, WORD.sleepers, 1);
    }
    throw this.#late();
  }

  #aborted(): RankError {
    const { rank } = this.#options;
    return new RankError(
      "aborted",
      `rank ${rank} stopped because another rank failed`,
      "see the first failure",
      { rank },
    );
  }

  /** Names the ranks that have not arrived. */
  #late(): RankError {
    const { rank, ranks, timeoutMs } = this.#options;
    const missing = Array.from({ length: ranks }, (_, other) => other).filter(
      (other) => Atomics.load(this.#words, arrivalWord(other)) !== this.#round,
    );
    return new RankError(
      "rank-late",
      `rank ${rank} waited ${timeoutMs / 1000} s for rank ${missing.join(", ")}`,
      "look at what that rank was doing, or raise --collective-timeout",
      { rank: missing[0] },
    );
  }
}

/** A short wait is cheaper spent awake; but with more ranks than cores, awake means in the way of the one waited for. */
const SPIN_US = 20;
const CROWDED_SPIN_US = 2;

/** How often a rank looks before it sleeps: the looks that take SPIN_US on this machine, measured once, at start. */
export function spinCount(words: Int32Array, ranks: number): number {
  const looks = 20_000;
  const start = performance.now();
  for (let look = 0; look < looks; look++) if (Atomics.load(words, WORD.abort) !== 0) break;
  const lookUs = Math.max(((performance.now() - start) * 1000) / looks, 1e-4);
  const spinUs = ranks > availableParallelism() ? CROWDED_SPIN_US : SPIN_US;
  return Math.max(1, Math.round(spinUs / lookUs));
}
