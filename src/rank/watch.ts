/** Whether the ranks of a process move: who neither waits for others nor gives a sign of life for too long, hangs. */
import { arrivalWord, beatWord, WORD } from "./control.ts";

export class Watch {
  readonly #words: Int32Array;
  readonly #limitMs: number;
  /** By rank: its signs of life at the last look, and for how long there have been no more. */
  readonly #beats: Int32Array;
  readonly #stillMs: Float64Array;

  constructor(words: Int32Array, ranks: number, limitMs: number) {
    this.#words = words;
    this.#limitMs = limitMs;
    this.#beats = Int32Array.from({ length: ranks }, (_, rank) => Atomics.load(words, beatWord(rank)));
    this.#stillMs = new Float64Array(ranks);
  }

  /** When `passedMs` have passed since the last look: the rank that hangs; null for none. `isDone` says who has nothing to do. */
  look(passedMs: number, isDone: (rank: number) => boolean): number | null {
    for (const rank of this.#beats.keys()) {
      const beat = Atomics.load(this.#words, beatWord(rank));
      const moves = beat !== this.#beats[rank] || this.#isAtBarrier(rank) || isDone(rank);
      this.#beats[rank] = beat;
      this.#stillMs[rank] = moves ? 0 : this.#stillMs[rank] + passedMs;
    }
    const longest = this.#stillMs.indexOf(Math.max(...this.#stillMs));
    return this.#stillMs[longest] > this.#limitMs ? longest : null;
  }

  /** Who waits there gives no signs; those for whom it waits are watched, too. */
  #isAtBarrier(rank: number): boolean {
    return Atomics.load(this.#words, arrivalWord(rank)) !== Atomics.load(this.#words, WORD.round);
  }
}
