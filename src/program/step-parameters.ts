/** The step parameters of a rank: all that changes from step to step. */
import type { Share } from "../data/shares.ts";
import {
  type MicroBatchStep,
  microBatchStep,
  type RowsStep,
  STEP,
  stepParameterCount,
} from "./instruction.ts";
import { type PipelinePlace, rowsOfMicroBatch } from "./pipeline-place.ts";
import { rowsOfOthers, rowsOfProcess, rowsOfRank, type World } from "./world.ts";

export class StepParameters {
  readonly numbers: Int32Array;
  readonly #world: World;
  readonly #rank: number;
  readonly #place: PipelinePlace | null;
  readonly #steps: readonly MicroBatchStep[];

  /** `rank` counts within the process. */
  constructor(world: World, rank: number, place: PipelinePlace | null = null) {
    this.#world = world;
    this.#rank = rank;
    this.#place = place;
    this.#steps = Array.from({ length: place?.microBatches ?? 0 }, (_, microBatch) =>
      microBatchStep(microBatch),
    );
    this.numbers = new Int32Array(stepParameterCount(place?.microBatches ?? 0));
  }

  /**
   * A step of `batch` samples that begins at `position` of the streams. Allocates only where the batch is
   * another than before.
   */
  set(position: number, batch: number): void {
    const { numbers } = this;
    if (numbers[STEP.batch] !== batch) this.#divide(batch);
    numbers[STEP.start] = position;
    numbers[STEP.sample] = position + numbers[STEP.firstRow];
    numbers[STEP.sampleBefore] = position + numbers[STEP.firstBefore];
    numbers[STEP.sampleAfter] = position + numbers[STEP.firstAfter];
    for (let microBatch = 0; microBatch < this.#steps.length; microBatch++) {
      const { first, sample, before, after } = this.#steps[microBatch];
      numbers[sample] = position + numbers[first];
      numbers[before.sample] = position + numbers[before.first];
      numbers[after.sample] = position + numbers[after.first];
    }
  }

  #divideMicroBatches(batch: number, place: PipelinePlace): void {
    for (const [microBatch, step] of this.#steps.entries()) {
      const { own, before, after, summed } = rowsOfMicroBatch(place, batch, microBatch);
      this.#write(step, own);
      this.#write(step.before, before);
      this.#write(step.after, after);
      this.numbers[step.summedFirst] = summed.first;
      this.numbers[step.summedRows] = summed.rows;
    }
  }

  #write(step: RowsStep, { first, rows }: Share): void {
    this.numbers[step.first] = first;
    this.numbers[step.rows] = rows;
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
    if (this.#place !== null) this.#divideMicroBatches(batch, this.#place);
  }
}
