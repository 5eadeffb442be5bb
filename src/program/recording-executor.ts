/**
 * Executes a program and leaves in a ring when each of its instructions ended. Allocates nothing; its steps
 * are an Executor's.
 */
import type { StepRing } from "../profile/step-ring.ts";
import type { Executor } from "./execute.ts";

export class RecordingExecutor {
  readonly #executor: Executor;
  readonly #instructions: number;
  readonly #ring: StepRing;
  readonly #stepInHand: () => number;

  /** `stepInHand` says the step's number in the run (1, 2, …). */
  constructor(executor: Executor, instructions: number, ring: StepRing, stepInHand: () => number) {
    this.#executor = executor;
    this.#instructions = instructions;
    this.#ring = ring;
    this.#stepInHand = stepInHand;
  }

  /** One step, as Executor.run. */
  run(step: Int32Array): void {
    if (!this.#ring.begin(this.#stepInHand())) {
      this.#executor.run(step);
      return;
    }
    for (let row = 0; row < this.#instructions; row++) {
      this.#executor.runOne(row, step);
      this.#ring.end(row);
    }
  }
}
