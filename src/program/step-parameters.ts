/** The step parameters of a rank: all that changes from step to step. */
import { STEP } from "./instruction.ts";
import { rowsOfOthers, rowsOfProcess, rowsOfRank, type World } from "./world.ts";

export class StepParameters {
  readonly numbers = new Int32Array(STEP.count);
  readonly #world: World;
  readonly #rank: number;

  /** `rank` counts within the process. */
  constructor(world: World, rank: number) {
    this.#world = world;
    this.#rank = rank;
  }

  /** A step of `batch` samples that begins at `position` of the streams. Allocates only where the batch is another than before. */
  set(position: number, batch: number): void {
    const { numbers } = this;
    if (numbers[STEP.batch] !== batch) this.#divide(batch);
    numbers[STEP.start] = position;
    numbers[STEP.sample] = position + numbers[STEP.firstRow];
    numbers[STEP.sampleBefore] = position + numbers[STEP.firstBefore];
    numbers[STEP.sampleAfter] = position + numbers[STEP.firstAfter];
  }

  #divide(batch: number): void {
    const { numbers } = this;
    const own = rowsOfRank(this.#world, batch, this.#rank);
    const { before, after } = rowsOfOthers(this.#world, batch, this.#rank);
    const here = rowsOfProcess(this.#world, batch, this.#world.self);
    numbers[STEP.batch] = batch;
    numbers[STEP.rowsHere] = here.rows;
    numbers[STEP.firstHere] = here.first;
    numbers[STEP.firstRow] = own.first;
    numbers[STEP.rows] = own.rows;
    numbers[STEP.firstBefore] = before.first;
    numbers[STEP.rowsBefore] = before.rows;
    numbers[STEP.firstAfter] = after.first;
    numbers[STEP.rowsAfter] = after.rows;
  }
}
