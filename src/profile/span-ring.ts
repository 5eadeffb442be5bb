/**
 * What a main thread did lately, in a ring of fixed size.
 *
 *      span 0: what │ of which transfer, or −1 │ begun │ ended │ span 1: …        f64; ms of the thread's own performance.now()
 */

/** What a main thread may be at. */
export const SPANS = ["send", "receive", "order", "collect", "evaluate", "compare", "checkpoint"] as const;
export type SpanName = (typeof SPANS)[number];

const WIDTH = 4;
const CAPACITY = 2 ** 14;

export interface Span {
  readonly name: SpanName;
  readonly subject: number;
  readonly begunMs: number;
  readonly endedMs: number;
}

export class SpanRing {
  readonly #numbers: Float64Array;
  readonly #capacity: number;
  readonly #isWanted: () => boolean;
  #added = 0;

  /** `isWanted` says whether what ends now is to be kept. */
  constructor(isWanted: () => boolean, capacity = CAPACITY) {
    this.#isWanted = isWanted;
    this.#capacity = capacity;
    this.#numbers = new Float64Array(new SharedArrayBuffer(8 * WIDTH * capacity));
  }

  /** Spans that were overwritten by later ones. */
  get dropped(): number {
    return Math.max(0, this.#added - this.#capacity);
  }

  /** Something that began at `begunMs` (of performance.now()) ends now. */
  end(name: SpanName, subject: number, begunMs: number): void {
    if (!this.#isWanted()) return;
    const at = (this.#added % this.#capacity) * WIDTH;
    this.#numbers[at] = SPANS.indexOf(name);
    this.#numbers[at + 1] = subject;
    this.#numbers[at + 2] = begunMs;
    this.#numbers[at + 3] = performance.now();
    this.#added++;
  }

  /** As they ended. */
  spans(): Span[] {
    const kept = Math.min(this.#added, this.#capacity);
    return Array.from({ length: kept }, (_, index) => {
      const at = ((this.#added - kept + index) % this.#capacity) * WIDTH;
      const [name, subject, begunMs, endedMs] = this.#numbers.subarray(at, at + WIDTH);
      return { name: SPANS[name], subject, begunMs, endedMs };
    });
  }
}
