/** Where the ranks of a process meet: a counting barrier in shared memory that spins a little, then sleeps, never for ever. */
import { availableParallelism } from "node:os";
import { RankError } from "../base/errors.ts";
import { arrivalWord, beatWord, WORD } from "./control.ts";

/** Waits are cut into slices, so that a machine that slept, or a stopped process, does not look like a hung rank. */
const SLICE_MS = 250;

export interface BarrierOptions {
  readonly rank: number;
  readonly ranks: number;
  /** The world's number of this process's first rank: what people know the ranks by. */
  readonly firstRank?: number;
  /** How often to look before sleeping: see spinCount. */
  readonly spins: number;
  readonly timeoutMs: number;
}

export class Barrier {
  readonly #words: Int32Array;
  readonly #options: BarrierOptions;
  #round: number;
  /** Each rank's signs of life at the last look, and whether it was missing then and had given none since the look before. */
  readonly #beats: Int32Array;
  readonly #isStill: Uint8Array;

  constructor(words: Int32Array, options: BarrierOptions) {
    this.#words = words;
    this.#options = options;
    this.#beats = new Int32Array(options.ranks);
    this.#isStill = new Uint8Array(options.ranks);
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
    if (!lookFor(words, WORD.round, before, this.#options.spins)) this.#sleep(before);
  }

  /** Counts the time in which somebody who is missing gives no sign of life: who waits for another process gives them. */
  #sleep(before: number): void {
    const words = this.#words;
    const slices = Math.ceil(this.#options.timeoutMs / SLICE_MS);
    this.#look();
    // A sleeper counts itself before it looks at the round once more (Atomics.wait does, atomically): no wake-up is lost.
    Atomics.add(words, WORD.sleepers, 1);
    try {
      for (let slice = 0; slice < slices; slice++) {
        Atomics.wait(words, WORD.round, before, SLICE_MS);
        if (Atomics.load(words, WORD.round) !== before) return;
        if (Atomics.load(words, WORD.abort) !== 0) throw this.#aborted();
        if (!this.#look()) slice = -1;
      }
    } finally {
      Atomics.sub(words, WORD.sleepers, 1);
    }
    throw this.#late();
  }

  /** Whether one of the missing stands still. */
  #look(): boolean {
    const words = this.#words;
    for (let other = 0; other < this.#options.ranks; other++) {
      const beat = Atomics.load(words, beatWord(other));
      const isMissing = Atomics.load(words, arrivalWord(other)) !== this.#round;
      this.#isStill[other] = isMissing && beat === this.#beats[other] ? 1 : 0;
      this.#beats[other] = beat;
    }
    return this.#isStill.includes(1);
  }

  #aborted(): RankError {
    const { rank, firstRank = 0 } = this.#options;
    const number = firstRank + rank;
    const message = `rank ${number} stopped because another rank failed`;
    return new RankError("aborted", message, "see the first failure", { rank: number });
  }

  /** Names the ranks that stand still elsewhere. */
  #late(): RankError {
    const { rank, ranks, firstRank = 0, timeoutMs } = this.#options;
    const missing = Array.from({ length: ranks }, (_, other) => other)
      .filter((other) => this.#isStill[other] !== 0)
      .map((other) => firstRank + other);
    return new RankError(
      "rank-late",
      `rank ${firstRank + rank} waited ${timeoutMs / 1000} s for rank ${missing.join(", ")}`,
      "look at what that rank was doing, or raise --collective-timeout",
      { rank: missing[0], operation: "barrier" },
    );
  }
}

/**
 * A short wait is cheaper spent awake: waking a sleeper costs 50 µs and more, which is a quarter of a small step. With more
 * ranks than cores, awake means in the way of the one waited for.
 */
const SPIN_US = 50;
const CROWDED_SPIN_US = 2;
/** Stages wait for each other for tenths of a millisecond, many times a step, and a sleeper's waking holds up all that follow. */
const GATE_SPINS = 40;
/** Between two commands a rank stays awake longer, on the core that it has. */
const COMMAND_SPINS = 40;
/** Looks are timed in rounds of so many; the first rounds run before V8 has optimised the loop, so the fastest one counts. */
const ROUND_LOOKS = 2000;
const ROUNDS = 40;

/** How often a rank looks before it sleeps: the looks that take SPIN_US on this machine, measured once, at start. */
export function spinCount(words: Int32Array, ranks: number): number {
  let roundMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    lookFor(words, WORD.abort, 0, ROUND_LOOKS);
    roundMs = Math.min(roundMs, performance.now() - start);
  }
  const lookUs = Math.max((roundMs * 1000) / ROUND_LOOKS, 1e-4);
  const spinUs = ranks > availableParallelism() ? CROWDED_SPIN_US : SPIN_US;
  return Math.max(1, Math.round(spinUs / lookUs));
}

/** How often a rank looks at a gate before it sleeps: where ranks have a core each, forty times as long as at a barrier. */
export const gateSpinCount = (words: Int32Array, ranks: number): number =>
  (ranks > availableParallelism() ? 1 : GATE_SPINS) * spinCount(words, ranks);

/** How often a rank looks for its next command before it sleeps. */
export const commandSpinCount = (words: Int32Array, ranks: number): number =>
  COMMAND_SPINS * spinCount(words, ranks);

/** Looks at a word up to `looks` times; true as soon as it is no longer `before`. */
export function lookFor(words: Int32Array, word: number, before: number, looks: number): boolean {
  for (; looks > 0; looks--) if (Atomics.load(words, word) !== before) return true;
  return false;
}
