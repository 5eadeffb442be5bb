/** Durations counted in buckets one per cent wide: percentiles of any number of steps in fixed memory. */

const GROWTH = Math.log(1.01);
const SMALLEST_MS = 1e-4;
const BUCKETS = 3000;

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  add(durationMs: number): void {
    const bucket = Math.floor(Math.log(Math.max(durationMs, SMALLEST_MS) / SMALLEST_MS) / GROWTH);
    this.#counts[Math.min(bucket, BUCKETS - 1)]++;
    this.#total++;
  }

  /** The duration (ms, within 1 %) that the share `quantile` (0…1) of all stays at or below; 0 for none at all. */
  quantile(quantile: number): number {
    if (this.#total === 0) return 0;
    let seen = 0;
    const bucket = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= quantile * this.#total;
    });
    return SMALLEST_MS * Math.exp((bucket + 0.5) * GROWTH);
  }
}
