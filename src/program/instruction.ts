/**
 * A program: the flat list of instructions that one rank executes for one step, as plain data.
 *
 * Ranks execute it, a profiler times it, a simulator can run it on a virtual clock; so it holds no closures.
 */
import type { Kind } from "../graph/op.ts";
import type { KernelName } from "../kernels/abi.ts";

/** What changes from step to step, by index into the rank's step parameters. */
export const STEP = {
  /** Always 0: the multiplier of a constant. */
  none: 0,
  /** Rows that this rank has in this step; 0 for a rank without rows. */
  rows: 1,
  /** The first of them within the batch. */
  firstRow: 2,
  /** Rows of the whole step: the last batch of an epoch may be short. */
  batch: 3,
  /** The place of the rank's first row in the streams (the epoch's order, an evaluation's losses). */
  sample: 4,
  /** The place of the step's first row in the streams. */
  start: 5,
  /** Of the rows of processes before and after this one: this rank's share, where every process makes them for itself. */
  rowsBefore: 6,
  firstBefore: 7,
  sampleBefore: 8,
  rowsAfter: 9,
  firstAfter: 10,
  sampleAfter: 11,
  /** Rows of the step that fall to this process, and the first of them within the batch. */
  rowsHere: 12,
  firstHere: 13,
  count: 14,
} as const;

/** Step parameters of rows: how many, the first of them within the batch, and its place in the streams. */
export interface RowsStep {
  readonly rows: number;
  readonly first: number;
  readonly sample: number;
}

/** The step parameters of a micro-batch, after all others. */
export interface MicroBatchStep extends RowsStep {
  /** Rows of the micro-batch and of those before it whose sums wait for it (schedule/weight-sums.ts), and the first of them. */
  readonly summedRows: number;
  readonly summedFirst: number;
  /**
   * Of the micro-batch's rows before and after those of this process: this rank's share, where the process
   * makes them for itself.
   */
  readonly before: RowsStep;
  readonly after: RowsStep;
}

const ROWS_NUMBERS = 3;
const MICRO_BATCH_NUMBERS = 3 * ROWS_NUMBERS + 2;

const rowsStep = (rows: number): RowsStep => ({ rows, first: rows + 1, sample: rows + 2 });

export function microBatchStep(microBatch: number): MicroBatchStep {
  const at = STEP.count + MICRO_BATCH_NUMBERS * microBatch;
  const summedRows = at + 3 * ROWS_NUMBERS;
  return {
    ...rowsStep(at),
    before: rowsStep(at + ROWS_NUMBERS),
    after: rowsStep(at + 2 * ROWS_NUMBERS),
    summedRows,
    summedFirst: summedRows + 1,
  };
}

/** How many step parameters a rank has whose steps are cut into so many micro-batches. */
export const stepParameterCount = (microBatches: number): number =>
  STEP.count + MICRO_BATCH_NUMBERS * microBatches;

/** The value of an argument: base + stride · stepParameters[times], modulo 2³². */
export interface Argument {
  readonly base: number;
  readonly stride: number;
  readonly times: number;
}

/**
 * Where ranks wait for one another: for all of the process (barrier), for those of a stage to pass a gate
 * (hold), or for a transfer to arrive (wait) or to have left (drain). They say what they have done: that they
 * have passed a gate (pass), their part of what a transfer takes along (start), or that a phase has begun
 * (enter).
 */
export type Meeting = "barrier" | "pass" | "hold" | "enter" | "start" | "wait" | "drain";

export interface Instruction {
  readonly id: number;
  readonly kind: Kind | Meeting;
  /** Pipeline stage and micro-batch; 0 where there is no pipeline. */
  readonly stage: number;
  readonly microBatch: number;
  /** null for instructions that call no kernel. */
  readonly kernel: KernelName | null;
  readonly arguments: readonly Argument[];
  /** Ids of this program's instructions that must be done before. */
  readonly dependencies: readonly number[];
  /** The transfer of a start, wait or drain, the phase of an enter, the gate of a pass or hold; else −1. */
  readonly subject: number;
  /** Bytes read and written, for a whole batch. */
  readonly bytes: number;
  readonly flops: number;
  /** Instructions with one key cost the same: kernel and sizes. */
  readonly costKey: string;
}

export interface Program {
  readonly rank: number;
  readonly instructions: readonly Instruction[];
}
