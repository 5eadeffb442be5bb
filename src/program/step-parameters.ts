/** The step parameters of a rank: all that changes from step to step. */
import { firstRow } from "../data/shares.ts";
import {
  type MicroBatchStep,
  microBatchStep,
  type RowsStep,
  STEP,
  stepParameterCount,
} from "./instruction.ts";
import type { Slice } from "./partition.ts";
import type { PipelinePlace } from "./pipeline-place.ts";
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

  /** A step of `batch` samples that begins at `position` of the streams. Allocates only where the batch is another than before. */
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

  /** Micro-batches are as even as a batch allows, the first ones larger; replicas of each, and the ranks of a team, likewise. */
  #divideMicroBatches(batch: number, place: PipelinePlace): void {
    const { microBatches, summedSince, grid, team, teamRank, gang } = place;
    for (const [microBatch, step] of this.#steps.entries()) {
      const begin = firstRow(batch, microBatch, microBatches);
      const end = firstRow(batch, microBatch + 1, microBatches);
      const summedFirst = firstRow(batch, summedSince[microBatch] ?? microBatch, microBatches);
      this.numbers[step.summedFirst] = summedFirst;
      this.numbers[step.summedRows] = end - summedFirst;
      const ofReplica = (replica: number) => begin + firstRow(end - begin, replica, grid.replicas);
      const [first, last] = bordersOf(team.replicas, ofReplica);
      this.#share(step, first, last, teamRank, team.ranks);
      const [firstHere, lastHere] = bordersOf(gang.replicas, ofReplica);
      this.#share(step.before, begin, firstHere, gang.rank, gang.ranks);
      this.#share(step.after, lastHere, end, gang.rank, gang.ranks);
    }
  }

  /** A rank's share of the rows from `begin` to before `end`. */
  #share({ rows, first }: RowsStep, begin: number, end: number, rank: number, ranks: number): void {
    const from = firstRow(end - begin, rank, ranks);
    this.numbers[first] = begin + from;
    this.numbers[rows] = firstRow(end - begin, rank + 1, ranks) - from;
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

/** Where a run of replicas begins and ends. */
const bordersOf = ({ first, count }: Slice, rowOf: (replica: number) => number): [number, number] => [
  rowOf(first),
  rowOf(first + count),
];
