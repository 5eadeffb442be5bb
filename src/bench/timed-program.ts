/** Executes a program with a clock between its instructions, in turns with the same step unobserved. */
import type { Kernels } from "../kernels/abi.ts";
import { Executor, type Meetings } from "../program/execute.ts";
import type { Program } from "../program/instruction.ts";
import type { Runner } from "../rank/loop.ts";
import { median } from "./statistics.ts";

/**
 * What a rank leaves of its steps, in shared memory:
 *
 *     number of pairs │ pair 0: step unobserved, step observed, instruction 0, 1, … │ pair 1 …
 *
 * in microseconds. When it is full, later steps leave nothing.
 */
export class Readings {
  readonly numbers: Float64Array;
  readonly #instructions: number;

  constructor(numbers: Float64Array, instructions: number) {
    this.numbers = numbers;
    this.#instructions = instructions;
  }

  static make(instructions: number, pairs: number): Readings {
    const count = 1 + pairs * (instructions + 2);
    return new Readings(new Float64Array(new SharedArrayBuffer(8 * count)), instructions);
  }

  get count(): number {
    return this.numbers[0];
  }

  /** Forgets all pairs; while the rank is at rest. */
  clear(): void {
    this.numbers[0] = 0;
  }

  /** Room for the next pair; undefined if there is none. */
  next(): Float64Array | undefined {
    const width = this.#instructions + 2;
    const at = 1 + this.count * width;
    return at < this.numbers.length ? this.numbers.subarray(at, at + width) : undefined;
  }

  /** All that was read of column 0 (step unobserved), 1 (step observed), 2 + i (instruction i). */
  column(index: number): number[] {
    const width = this.#instructions + 2;
    return Array.from({ length: this.count }, (_, pair) => this.numbers[1 + pair * width + index]);
  }

  /**
   * What went to each instruction, in per cent of the observed steps that took no longer than their median: of the same steps
   * for all, so that they add up. Medians do not where steps stall, each in another instruction.
   */
  shares(): number[] {
    const totals = this.column(1);
    const most = median(totals);
    const sum = (column: readonly number[]) =>
      column.reduce((all, us, pair) => (totals[pair] <= most ? all + us : all), 0);
    return Array.from({ length: this.#instructions }, (_, index) => {
      return (100 * sum(this.column(2 + index))) / sum(totals);
    });
  }
}

export class TimedProgram implements Runner {
  readonly #whole: Executor;
  /** The instructions as programs of their own. */
  readonly #parts: readonly Executor[];
  readonly #readings: Readings;
  #isObserved = false;

  constructor(program: Program, kernels: Kernels, meetings: Meetings, readings: Readings) {
    const { rank, instructions } = program;
    this.#whole = new Executor(program, kernels, meetings);
    this.#parts = instructions.map(
      (instruction) => new Executor({ rank, instructions: [instruction] }, kernels, meetings),
    );
    this.#readings = readings;
  }

  run(step: Int32Array): void {
    const pair = this.#readings.next();
    const isObserved = this.#isObserved;
    const start = performance.now();
    if (isObserved) this.#observe(step, pair);
    else this.#whole.run(step);
    const us = (performance.now() - start) * 1000;
    this.#isObserved = !isObserved;
    if (pair === undefined) return;
    pair[isObserved ? 1 : 0] = us;
    if (isObserved) this.#readings.numbers[0]++;
  }

  #observe(step: Int32Array, pair: Float64Array | undefined): void {
    let last = performance.now();
    for (let index = 0; index < this.#parts.length; index++) {
      this.#parts[index].run(step);
      const now = performance.now();
      if (pair !== undefined) pair[2 + index] = (now - last) * 1000;
      last = now;
    }
  }
}
