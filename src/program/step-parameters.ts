/** The step parameters of a rank: all that changes from step to step. */
import { firstRow } from "../data/shares.ts";
import { type MicroBatchStep, microBatchStep, STEP, stepParameterCount } from "./instruction.ts";
import { rowsOfOthers, rowsOfProcess, rowsOfRank, type World } from "./world.ts";

/** A rank's place in a pipeline: which of the ranks of its stage it is, and how a step is cut. */
export interface PipelinePlace {
  readonly microBatches: number;
  /** By micro-batch: since which one a call sums gradients of weights (schedule/weight-sums.ts). */
  readonly summedSince: readonly (number | null)[];
  readonly gangRank: number;
  readonly gangRanks: number;
}

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

  /** A step of `batch` samples that begins at `position` of the streams. Allocates only where the batch is another than before. */
  set(position: number, batch: number): void {
    const { numbers } = this;
    if (numbers[STEP.batch] !== batch) this.#divide(batch);
    numbers[STEP.start] = position;
    numbers[STEP.sample] = position + numbers[STEP.firstRow];
    numbers[STEP.sampleBefore] = position + numbers[STEP.firstBefore];
    numbers[STEP.sampleAfter] = position + numbers[STEP.firstAfter];
    for (let microBatch = 0; microBatch < this.#steps.length; microBatch++) {
      const { first, sample } = this.#steps[microBatch];
      numbers[sample] = position + numbers[first];
    }
  }

  /** Micro-batches are as even as a batch allows, the first ones larger, and so are the ranks' shares of each. */
  #divideMicroBatches(batch: number, place: PipelinePlace): void {
    const { numbers } = this;
    const { microBatches, summedSince, gangRank, gangRanks } = place;
    for (const [microBatch, step] of this.#steps.entries()) {
      const begin = firstRow(batch, microBatch, microBatches);
      const end = firstRow(batch, microBatch + 1, microBatches);
      const summedFirst = firstRow(batch, summedSince[microBatch] ?? microBatch, microBatches);
      const first = firstRow(end - begin, gangRank, gangRanks);
      numbers[step.summedFirst] = summedFirst;
      numbers[step.summedRows] = end - summedFirst;
      numbers[step.first] = begin + first;
      numbers[step.rows] = firstRow(end - begin, gangRank + 1, gangRanks) - first;
    }
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
