/**
 * Gates in shared memory, at which the gangs of a pipeline wait for each other: a line each, that counts who has passed it.
 *
 *     gate 0   passed, sleepers │ gate 1   passed, sleepers │ …
 *
 * Counts only grow (modulo 2³²): in its n-th step a gate is open when all its gang has passed it n times. Nobody sets them back.
 */
import { RankError } from "../base/errors.ts";
import type { Gate } from "../program/pipeline.ts";
import { lookFor } from "./barrier.ts";
import { arrivalWord, beatWord, WORD } from "./control.ts";

const LINE_WORDS = 16;
const PASSED = 0;
const SLEEPERS = 1;
/** Waits are cut into slices, in each of which the waiting rank shows that it does not hang itself. */
const SLICE_MS = 250;

export const gatesBytes = (gates: number): number => 4 * LINE_WORDS * gates;

export const gateWords = (memory: WebAssembly.Memory, address: number, gates: number): Int32Array =>
  new Int32Array(memory.buffer, address, gatesBytes(gates) / 4);

export interface GateOptions {
  readonly rank: number;
  /** The world's number of this process's first rank: what people know the ranks by. */
  readonly firstRank: number;
  /** The control words: signs of life, and whether some rank has failed. */
  readonly control: Int32Array;
  readonly gates: readonly Gate[];
  readonly spins: number;
  readonly timeoutMs: number;
}

/** A rank's side. */
export class Gates {
  readonly #words: Int32Array;
  readonly #options: GateOptions;
  readonly #ranks: Int32Array;
  /** By rank: its signs of life at the last look, and for how many looks there were no more. */
  readonly #beats: Int32Array;
  readonly #still: Int32Array;
  /** How often a gate must have been passed by each rank of its gang: steps of this process's training so far. */
  #steps = 0;

  constructor(words: Int32Array, options: GateOptions) {
    this.#words = words;
    this.#options = options;
    this.#ranks = Int32Array.from(options.gates, ({ gang }) => gang.ranks);
    const ranks = Math.max(0, ...options.gates.map(({ gang }) => gang.first + gang.ranks));
    this.#beats = new Int32Array(ranks);
    this.#still = new Int32Array(ranks);
  }

  /** Before each step. */
  begin(): void {
    this.#steps = (this.#steps + 1) | 0;
  }

  readonly meetings = { pass: (gate: number) => this.pass(gate), hold: (gate: number) => this.hold(gate) };

  pass(gate: number): void {
    const word = LINE_WORDS * gate;
    Atomics.add(this.#words, word + PASSED, 1);
    if (Atomics.load(this.#words, word + SLEEPERS) > 0) Atomics.notify(this.#words, word + PASSED);
  }

  /**
   * Returns when all ranks of the gate's gang have passed it in this step. Throws a RankError when one
   * failed, or stands still.
   */
  hold(gate: number): void {
    const words = this.#words;
    const word = LINE_WORDS * gate + PASSED;
    const goal = Math.imul(this.#ranks[gate], this.#steps);
    for (
      let passed = Atomics.load(words, word);
      ((passed - goal) | 0) < 0;
      passed = Atomics.load(words, word)
    )
      if (!lookFor(words, word, passed, this.#options.spins)) this.#sleep(gate, passed);
  }

  /** Returns when the count is another than `passed`. */
  #sleep(gate: number, passed: number): void {
    const words = this.#words;
    const { control, rank } = this.#options;
    const word = LINE_WORDS * gate;
    this.#still.fill(0);
    // A sleeper counts itself before Atomics.wait looks at the count once more: no wake-up is lost.
    Atomics.add(words, word + SLEEPERS, 1);
    try {
      for (;;) {
        Atomics.wait(words, word + PASSED, passed, SLICE_MS);
        if (Atomics.load(words, word + PASSED) !== passed) return;
        Atomics.add(control, beatWord(rank), 1);
        if (Atomics.load(control, WORD.abort) !== 0) throw this.#aborted();
        const late = this.#lookForLate(gate);
        if (late >= 0) throw this.#late(late);
      }
    } finally {
      Atomics.sub(words, word + SLEEPERS, 1);
    }
  }

  /**
   * The rank of the gate's gang that has stood still for all slices of the time limit; −1 for none. Whoever waits at a gate gives
   * signs of life, and whoever is at the barrier already, which shows in its count of barriers, is not missing.
   */
  #lookForLate(gate: number): number {
    const { control, gates, rank: self, timeoutMs } = this.#options;
    const { first, ranks } = gates[gate].gang;
    const barriers = Atomics.load(control, arrivalWord(self));
    let late = -1;
    for (let rank = first; rank < first + ranks; rank++) {
      const beat = Atomics.load(control, beatWord(rank));
      const isStill = beat === this.#beats[rank] && Atomics.load(control, arrivalWord(rank)) === barriers;
      this.#beats[rank] = beat;
      this.#still[rank] = isStill && rank !== self ? this.#still[rank] + 1 : 0;
      if (this.#still[rank] * SLICE_MS >= timeoutMs) late = rank;
    }
    return late;
  }

  #aborted(): RankError {
    const { rank, firstRank } = this.#options;
    const number = firstRank + rank;
    const message = `rank ${number} stopped because another rank failed`;
    return new RankError("aborted", message, "see the first failure", { rank: number });
  }

  #late(late: number): RankError {
    const { rank, firstRank, timeoutMs } = this.#options;
    return new RankError(
      "rank-late",
      `rank ${firstRank + rank} waited ${timeoutMs / 1000} s for rank ${firstRank + late}`,
      "look at what that rank was doing, or raise --collective-timeout",
      { rank: firstRank + late, operation: "pipeline" },
    );
  }
}
