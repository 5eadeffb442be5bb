/** Two ends of a wire in memory that loses, repeats, damages or swaps frames when it is told to. */
import type { Carrier } from "../../src/transport/link.ts";
import type { WireOptions } from "../../src/transport/wire.ts";

export type Fault = "none" | "lose" | "repeat" | "flip" | "swap" | "truncate";

export class BadWire {
  /** What happens to the next frames, first to last; then nothing. */
  readonly faults: Fault[] = [];
  readonly #ends: (WireOptions | null)[] = [null, null];
  #swapped: Buffer | null = null;

  end(side: 0 | 1): (options: WireOptions) => Carrier {
    return (options) => {
      this.#ends[side] = options;
      return { send: (frame) => this.#carry(1 - side, Buffer.from(frame)), close: () => {} };
    };
  }

  #carry(side: number, frame: Buffer): boolean {
    if (this.#ends[side] === null) return true;
    const fault = this.faults.shift() ?? "none";
    if (fault === "lose") return true;
    if (fault === "flip") frame[frame.length >> 1] ^= 4;
    const whole = fault === "truncate" ? frame.subarray(0, frame.length - 3) : frame;
    if (fault === "swap" && this.#swapped === null) {
      this.#swapped = whole;
      return true;
    }
    this.#deliver(side, whole);
    if (fault === "repeat") this.#deliver(side, Buffer.from(frame));
    if (this.#swapped !== null) {
      this.#deliver(side, this.#swapped);
      this.#swapped = null;
    }
    return true;
  }

  #deliver(side: number, frame: Buffer): void {
    setImmediate(() => this.#ends[side]?.received(frame));
  }
}
