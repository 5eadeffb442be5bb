/**
 * The latest steps of a rank, instruction by instruction, in shared memory: what a trace is made of.
 *
 *      clock │ slot 0: number │ begun │ end of instruction 0 │ end of 1 │ … │ slot 1: …        f64
 *
 * Times are ms of the rank's own performance.now(); `clock` makes them those of the host. An instruction
 * begins when the one before it ends. An end before the step's beginning is an earlier lap's: so far the step
 * did not come.
 */
import { monotonicOffsetMs } from "./monotonic.ts";

/** The steps of a run (1, 2, …) to be traced, both included. */
export interface TraceWindow {
  readonly first: number;
  readonly last: number;
}

/** So many steps before the window are recorded, too, until V8 has compiled the recorder; later ones take their place. */
export const WARM_STEPS = 100;

const HEADER = 1;
const SLOT_HEADER = 2;

export interface RecordedStep {
  readonly number: number;
  /** µs of the host's monotonic clock. */
  readonly begunUs: number;
  /** When each instruction ended, as far as they did. */
  readonly endsUs: readonly number[];
}

export class StepRing {
  readonly numbers: Float64Array;
  readonly #first: number;
  readonly #last: number;
  readonly #slots: number;
  readonly #width: number;
  /** Of the slot in hand: its first end. */
  #at = HEADER + SLOT_HEADER;

  private constructor(numbers: Float64Array, { first, last }: TraceWindow, instructions: number) {
    this.numbers = numbers;
    this.#first = first - WARM_STEPS;
    this.#last = last;
    this.#slots = last - first + 1;
    this.#width = SLOT_HEADER + instructions;
  }

  /** A ring with a slot for each step of the window. */
  static make(window: TraceWindow, instructions: number): StepRing {
    const count = HEADER + (window.last - window.first + 1) * (SLOT_HEADER + instructions);
    const shared = new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT);
    return new StepRing(new Float64Array(shared), window, instructions);
  }

  /** The ring as the thread that writes it has it. */
  static writing(numbers: Float64Array, window: TraceWindow, instructions: number): StepRing {
    numbers[0] = monotonicOffsetMs();
    return new StepRing(numbers, window, instructions);
  }

  /** A step begins; false if it is none to record. */
  begin(number: number): boolean {
    if (number < this.#first || number > this.#last) return false;
    const slot = HEADER + (number % this.#slots) * this.#width;
    this.#at = slot + SLOT_HEADER;
    this.numbers[slot] = number;
    this.numbers[slot + 1] = performance.now();
    return true;
  }

  /** An instruction of the step in hand has ended. */
  end(instruction: number): void {
    this.numbers[this.#at + instruction] = performance.now();
  }

  /** What the ring holds, oldest first; of the last steps of a run that ended before the window did, those. */
  steps(): RecordedStep[] {
    const { numbers } = this;
    const us = (ms: number) => (ms + numbers[0]) * 1000;
    const steps: RecordedStep[] = [];
    for (let slot = HEADER; slot < numbers.length; slot += this.#width) {
      const [number, begun, ...ends] = numbers.subarray(slot, slot + this.#width);
      if (number === 0) continue;
      const done = ends.findIndex((end) => end < begun);
      steps.push({
        number,
        begunUs: us(begun),
        endsUs: ends.slice(0, done < 0 ? ends.length : done).map(us),
      });
    }
    return steps.sort((one, other) => one.number - other.number);
  }
}
