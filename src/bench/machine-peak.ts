/** The machine's peak over the time of a measurement: medians of what its roofs were again and again. */
import type { Roof, Roofs } from "./roofs.ts";
import { callsASample, timeCalls } from "./sampling.ts";
import { median } from "./statistics.ts";

const SAMPLE_US = 500;

/** What is called, how often a sample, and the rates that came out. */
interface Gauge {
  readonly roof: Roof;
  readonly calls: number;
  readonly rates: number[];
}

export class MachinePeak {
  readonly #roofs: Roofs;
  readonly #least: number;
  readonly #most: number;
  readonly #multiplyAdds: Gauge;
  /** By bytes touched, powers of two from the least to the most. */
  readonly #copies = new Map<number, Gauge>();

  constructor(roofs: Roofs, leastCopyBytes: number, mostCopyBytes: number) {
    this.#roofs = roofs;
    this.#least = leastCopyBytes;
    this.#most = mostCopyBytes;
    this.#multiplyAdds = gauge(roofs.multiplyAdds);
  }

  /** Measures once more: multiply-adds, and copies of about as many bytes as each of `bytes`. */
  measure(bytes: Iterable<number>): void {
    for (const size of new Set([...bytes].map((each) => this.#size(each))))
      if (!this.#copies.has(size)) this.#copies.set(size, gauge(this.#roofs.copy(size)));
    for (const { roof, calls, rates } of [this.#multiplyAdds, ...this.#copies.values()]) {
      roof.call();
      rates.push(roof.work / timeCalls(roof.call, calls) / 1e3);
    }
  }

  get gflops(): number {
    return median(this.#multiplyAdds.rates);
  }

  /** What a copy of about as many bytes does, one that was measured. */
  copyGbs(bytes: number): number {
    return median(this.#copies.get(this.#size(bytes))?.rates ?? []);
  }

  #size(bytes: number): number {
    for (let size = this.#least; size < this.#most; size *= 2) if (size >= bytes) return size;
    return this.#most;
  }
}

function gauge(roof: Roof): Gauge {
  return { roof, calls: callsASample(roof.call, SAMPLE_US), rates: [] };
}
