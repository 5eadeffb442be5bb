/**
 * How often something that several ranks do together is done: the leader's decisions, which the others follow. Samples that count
 * follow each other without a word between: a decision on its way would be part of their time.
 */
import { quantile } from "./statistics.ts";

/** Samples before the first that counts grow until one takes so long, and all together `warmUpMs`. */
const LONG_SAMPLE_US = 20_000;
const MOST_CALLS = 1 << 16;
/** A sample: several calls only where one is so short that the clock would weigh. */
const SAMPLE_US = 50;
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

/** What all ranks do next: so many samples, each of so many calls. */
export interface Round {
  readonly calls: number;
  readonly samples: number;
}

const END: Round = { calls: 0, samples: 0 };

export class SamplingPlan {
  readonly #budgetUs: number;
  #warmUpUs: number;
  #calls = 0;
  #took: readonly number[] | null = null;
  #isLast = false;

  /** All samples that count together take about `budgetMs`. */
  constructor(budgetMs: number, warmUpMs = 0) {
    this.#budgetUs = 1000 * budgetMs;
    this.#warmUpUs = 1000 * warmUpMs;
  }

  /** The next round, given the microseconds of each sample of the last one; of 0 samples: there are enough. */
  next(took: readonly number[]): Round {
    if (this.#isLast) {
      this.#took = took.map((us) => us / this.#calls);
      return END;
    }
    const lastUs = took.reduce((sum, us) => sum + us, 0);
    this.#warmUpUs -= lastUs;
    if (this.#calls === 0) this.#calls = 1;
    else if (lastUs < LONG_SAMPLE_US && this.#calls < MOST_CALLS) this.#calls *= GROWTH;
    else if (this.#warmUpUs <= 0) {
      const us = Math.max(lastUs / this.#calls, 1e-3);
      this.#calls = Math.min(MOST_CALLS, Math.max(1, Math.round(SAMPLE_US / us)));
      this.#isLast = true;
      const samples = Math.round(this.#budgetUs / (us * this.#calls));
      return { calls: this.#calls, samples: Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, samples)) };
    }
    return { calls: this.#calls, samples: 1 };
  }

  get times(): CallTimes {
    const took = this.#took ?? [];
    const [min, median, p99] = [0, 0.5, 0.99].map((share) => quantile(took, share));
    const mean = took.reduce((sum, us) => sum + us, 0) / took.length;
    return { min, median, mean, p99 };
  }
}

/** What all ranks do: rank 0 leads, with a plan. `agree` gives all of them what rank 0 gave it. */
export function sampleTogether(
  call: () => void,
  agree: (value: number) => number,
  plan: SamplingPlan | null,
): void {
  for (let took: number[] = []; ; ) {
    const round = plan?.next(took) ?? END;
    const calls = agree(round.calls);
    if (calls === 0) return;
    const samples = agree(round.samples);
    took = [];
    call(); // all begin the first sample together
    while (took.length < samples) {
      const start = performance.now();
      for (let left = calls; left > 0; left--) call();
      took.push(1000 * (performance.now() - start));
    }
  }
}

/** The same where calls and agreements take turns of the event loop. */
export async function sampleInTurns(
  call: () => Promise<void>,
  agree: (value: number) => Promise<number>,
  plan: SamplingPlan | null,
): Promise<void> {
  for (let took: number[] = []; ; ) {
    const round = plan?.next(took) ?? END;
    const calls = await agree(round.calls);
    if (calls === 0) return;
    const samples = await agree(round.samples);
    took = [];
    await call();
    while (took.length < samples) {
      const start = performance.now();
      for (let left = calls; left > 0; left--) await call();
      took.push(1000 * (performance.now() - start));
    }
  }
}
