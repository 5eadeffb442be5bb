/** How often something that several ranks do together is done: the leader's decisions, sample after sample, which the others follow. */
import { quantile } from "./statistics.ts";

/** Samples before the first that counts grow until one takes so long, and all together `warmUpMs`. */
const LONG_SAMPLE_US = 20_000;
const MOST_CALLS = 1 << 16;
/** A sample: several calls only where one is so short that the clock would weigh. */
const SAMPLE_US = 200;
const LEAST_SAMPLES = 15;
const MOST_SAMPLES = 2000;
const GROWTH = 4;

/** Microseconds of a call. */
export interface CallTimes {
  readonly min: number;
  readonly median: number;
  /** Over all calls: larger than the median where a few took long. */
  readonly mean: number;
  readonly p99: number;
}

export class SamplingPlan {
  readonly #budgetUs: number;
  #warmUpUs: number;
  #calls = 0;
  #samples: number | null = null;
  readonly #took: number[] = [];

  /** All samples that count together take about `budgetMs`. */
  constructor(budgetMs: number, warmUpMs = 0) {
    this.#budgetUs = 1000 * budgetMs;
    this.#warmUpUs = 1000 * warmUpMs;
  }

  /** Calls of the next sample, given the microseconds that the last one took; 0: there are enough. */
  next(lastUs: number): number {
    if (this.#samples !== null) {
      this.#took.push(lastUs / this.#calls);
      return this.#took.length < this.#samples ? this.#calls : 0;
    }
    this.#warmUpUs -= lastUs;
    if (this.#calls === 0) this.#calls = 1;
    else if (lastUs < LONG_SAMPLE_US && this.#calls < MOST_CALLS) this.#calls *= GROWTH;
    else if (this.#warmUpUs <= 0) {
      const us = Math.max(lastUs / this.#calls, 1e-3);
      this.#calls = Math.min(MOST_CALLS, Math.max(1, Math.round(SAMPLE_US / us)));
      const samples = Math.round(this.#budgetUs / (us * this.#calls));
      this.#samples = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, samples));
    }
    return this.#calls;
  }

  get times(): CallTimes {
    const [min, median, p99] = [0, 0.5, 0.99].map((share) => quantile(this.#took, share));
    const mean = this.#took.reduce((sum, us) => sum + us, 0) / this.#took.length;
    return { min, median, mean, p99 };
  }
}

/** What all ranks do: rank 0 leads, with a plan. `agree` gives all of them what rank 0 gave it. */
export function sampleTogether(
  call: () => void,
  agree: (calls: number) => number,
  plan: SamplingPlan | null,
): void {
  for (let lastUs = 0; ; ) {
    const calls = agree(plan?.next(lastUs) ?? 0);
    if (calls === 0) return;
    const start = performance.now();
    for (let left = calls; left > 0; left--) call();
    lastUs = 1000 * (performance.now() - start);
  }
}

/** The same where calls and agreements take turns of the event loop. */
export async function sampleInTurns(
  call: () => Promise<void>,
  agree: (calls: number) => Promise<number>,
  plan: SamplingPlan | null,
): Promise<void> {
  for (let lastUs = 0; ; ) {
    const calls = await agree(plan?.next(lastUs) ?? 0);
    if (calls === 0) return;
    const start = performance.now();
    for (let left = calls; left > 0; left--) await call();
    lastUs = 1000 * (performance.now() - start);
  }
}
