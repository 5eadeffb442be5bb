/**
 * Sums on another thread: the main thread, which moves bytes, leaves them in a queue of shared words and hears when each is done.
 *
 *     line 0   posted: the adder sleeps on it │ 1: leave
 *     line 1   done: the main thread waits for it without blocking
 *     then     of each place in the queue: to, left, right, count
 */
import type { Kernels } from "../kernels/abi.ts";
import { lookFor } from "../rank/barrier.ts";

const LINE_WORDS = 16;
const POSTED = 0;
const LEAVE = 1;
const DONE = LINE_WORDS;
const QUEUE = 2 * LINE_WORDS;
const ENTRY_WORDS = 4;

/** Words for a queue that holds `places` sums. */
export const adderWords = (places: number): number => QUEUE + ENTRY_WORDS * places;

const placesOf = (words: Int32Array): number => (words.length - QUEUE) / ENTRY_WORDS;

/** The main thread's side. */
export class AdderQueue {
  readonly #words: Int32Array;
  /** Whom to tell of the sums in the queue, the oldest first. */
  readonly #waiting: (() => void)[] = [];
  #posted = 0;
  #heard = 0;
  #isListening = false;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** By byte addresses. `summed` is called in order; at most as many sums may be under way as the queue has places. */
  post(to: number, left: number, right: number, count: number, summed: () => void): void {
    const words = this.#words;
    const entry = QUEUE + ENTRY_WORDS * (this.#posted % placesOf(words));
    words[entry] = to;
    words[entry + 1] = left;
    words[entry + 2] = right;
    words[entry + 3] = count;
    this.#waiting.push(summed);
    this.#posted = (this.#posted + 1) >>> 0;
    Atomics.store(words, POSTED, this.#posted | 0);
    Atomics.notify(words, POSTED);
    if (!this.#isListening) this.#listen();
  }

  leave(): void {
    Atomics.store(this.#words, LEAVE, 1);
    Atomics.add(this.#words, POSTED, 1);
    Atomics.notify(this.#words, POSTED);
  }

  /** Until the queue is empty: then nothing keeps the event loop alive. */
  async #listen(): Promise<void> {
    this.#isListening = true;
    while (this.#waiting.length > 0) {
      const done = Atomics.load(this.#words, DONE);
      if (done === (this.#heard | 0)) {
        const waiting = Atomics.waitAsync(this.#words, DONE, done);
        if (waiting.async) await waiting.value;
        continue;
      }
      this.#heard = (this.#heard + 1) >>> 0;
      this.#waiting.shift()?.();
    }
    this.#isListening = false;
  }
}

const SLICE_MS = 1000;

/** The adder's side: sums until it is told to leave. `looks` before it sleeps. */
export function sumAsPosted(words: Int32Array, kernels: Pick<Kernels, "add">, looks: number): void {
  for (let done = 0; ; ) {
    if (Atomics.load(words, POSTED) === done && !lookFor(words, POSTED, done, looks))
      Atomics.wait(words, POSTED, done, SLICE_MS);
    while (Atomics.load(words, POSTED) !== done) {
      if (Atomics.load(words, LEAVE) !== 0) return;
      const entry = QUEUE + ENTRY_WORDS * ((done >>> 0) % placesOf(words));
      kernels.add(words[entry], words[entry + 1], words[entry + 2], words[entry + 3]);
      done = (done + 1) | 0;
      Atomics.store(words, DONE, done);
      Atomics.notify(words, DONE);
    }
  }
}
