/**
 * Wires in memory over a clock that moves when it is told to: they delay, lose, repeat, reorder, change and cut frames as often
 * as asked, the same for the same seed. For tests of links, and of what runs over them.
 */
import { philoxBlock } from "../base/philox.ts";
import type { Clock, Wire, WireReceiver } from "./wire.ts";

/** Probabilities of a frame's fate, from 0 to 1. */
export interface Faults {
  readonly lose?: number;
  readonly repeat?: number;
  /** One bit. */
  readonly flip?: number;
  readonly truncate?: number;
  /** Arrives with those that were sent after it. */
  readonly reorder?: number;
}

export interface LoopbackOptions {
  readonly seed?: number;
  /** Each frame takes from the least to the most of it; order is kept. */
  readonly delayMs?: readonly [least: number, most: number];
  /** Frames that a wire takes before it refuses. */
  readonly capacity?: number;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

export class Loopback implements Clock {
  /** May be changed at any time. */
  faults: Faults = {};
  /** How often whoever was connected was turned out; he stays. */
  evictions = 0;
  readonly #options: Required<LoopbackOptions>;
  #now = 0;
  #order = 0;
  #drawn = 0;
  #happenings: Happening[] = [];

  constructor({ seed = 1, delayMs = [0, 0], capacity = 8 }: LoopbackOptions = {}) {
    this.#options = { seed, delayMs, capacity };
  }

  now(): number {
    return this.#now;
  }

  every(periodMs: number, call: () => void): () => void {
    let isStopped = false;
    const again = () => {
      if (isStopped) return;
      this.after(periodMs, again);
      call();
    };
    this.after(periodMs, again);
    return () => {
      isStopped = true;
    };
  }

  soon(call: () => void): void {
    this.after(0, call);
  }

  after(delayMs: number, call: () => void): void {
    this.#happenings.push({ at: this.#now + delayMs, order: this.#order++, call });
  }

  /** Everything that is due within the next `ms` happens, in order of time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#happenings.filter(({ at }) => at <= end);
      if (due.length === 0) break;
      const next = due.reduce((one, other) =>
        other.at < one.at || (other.at === one.at && other.order < one.order) ? other : one,
      );
      this.#happenings.splice(this.#happenings.indexOf(next), 1);
      this.#now = next.at;
      next.call();
    }
    this.#now = end;
  }

  /** Both ends of one wire. */
  wires(): [Wire, Wire] {
    const ends: [End, End] = [new End(this), new End(this)];
    ends[0].other = ends[1];
    ends[1].other = ends[0];
    return ends;
  }

  get capacity(): number {
    return this.#options.capacity;
  }

  delay(): number {
    const [least, most] = this.#options.delayMs;
    return least + (most - least) * this.draw();
  }

  /** From 0 up to 1. */
  draw(): number {
    const block = new Uint32Array(4);
    philoxBlock(block, this.#drawn++, 0, 0, 0, this.#options.seed, 0);
    return block[0] / 2 ** 32;
  }
}

const NOBODY: WireReceiver = { frame() {}, writable() {}, broken() {} };

class End implements Wire {
  receiver: WireReceiver = NOBODY;
  other: End | null = null;
  readonly #loopback: Loopback;
  #underWay = 0;
  #wasRefused = false;
  #isClosed = false;
  #lastArrival = 0;
  /** A frame that the next one overtakes. */
  #overtaken: Buffer | null = null;

  constructor(loopback: Loopback) {
    this.#loopback = loopback;
  }

  send(frame: Buffer): boolean {
    if (this.#underWay >= this.#loopback.capacity) {
      this.#wasRefused = true;
      return false;
    }
    const { faults } = this.#loopback;
    const happens = (probability = 0) => probability > 0 && this.#loopback.draw() < probability;
    const copy = Buffer.from(frame);
    if (happens(faults.lose)) return true;
    if (happens(faults.flip))
      copy[Math.floor(this.#loopback.draw() * copy.length)] ^= 1 << Math.floor(this.#loopback.draw() * 8);
    const whole = happens(faults.truncate)
      ? copy.subarray(0, Math.floor(this.#loopback.draw() * copy.length))
      : copy;
    if (this.#overtaken === null && happens(faults.reorder)) {
      this.#overtaken = whole;
      return true;
    }
    this.#carry(whole);
    if (happens(faults.repeat)) this.#carry(Buffer.from(whole));
    if (this.#overtaken !== null) this.#carry(this.#overtaken);
    this.#overtaken = null;
    return true;
  }

  drain(): void {}

  admit(): void {}

  evict(): void {
    this.#loopback.evictions++;
  }

  /** What is still on its way is lost, as nanomsg's is. */
  close(): void {
    this.#isClosed = true;
  }

  #carry(frame: Buffer): void {
    this.#underWay++;
    const now = this.#loopback.now();
    this.#lastArrival = Math.max(this.#lastArrival, now + this.#loopback.delay());
    this.#loopback.after(this.#lastArrival - now, () => {
      this.#underWay--;
      if (this.#isClosed) return;
      if (this.other && !this.other.#isClosed) this.other.receiver.frame(frame);
      if (!this.#wasRefused) return;
      this.#wasRefused = false;
      this.receiver.writable();
    });
  }
}
