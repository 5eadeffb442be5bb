/**
 * A pipeline's schedule as data: for each pipeline rank, the list of actions that it takes in this order and no other.
 *
 *     rank 0  F0 F1 ·· ·· ·· B0─── B1───     a step of two micro-batches through two stages;
 *     rank 1  ·· F0 F1 B0─── B1─── ·· ··     what a rank waits for is not in the list: it follows (dependencies.ts)
 *
 * A model is cut into stages. Stage s belongs to pipeline rank s mod p, so a rank of v stages has s, s + p, s + 2p …
 */

/**
 * "backward" makes the gradient of a stage's input and continues its weights' gradients; the other two are its halves. The first
 * stage has an input gradient, too, as far as its own layers need it: the pass that makes what its weight gradients are made of.
 */
export type ActionKind = "forward" | "backward" | "input-gradient" | "weight-gradient";

export interface Action {
  readonly kind: ActionKind;
  readonly stage: number;
  readonly microBatch: number;
}

/** What a schedule is built for, each a whole number of at least 1. */
export interface ScheduleShape {
  readonly pipelineRanks: number;
  readonly stagesPerRank: number;
  readonly microBatches: number;
}

export interface Schedule {
  readonly name: string;
  readonly pipelineRanks: number;
  /** pipelineRanks · stages a rank. */
  readonly stages: number;
  readonly microBatches: number;
  /** By pipeline rank. */
  readonly actions: readonly (readonly Action[])[];
}

/** A way to order the actions of any shape. */
export interface SchedulePolicy {
  readonly name: string;
  /** Whether a rank may have several stages. */
  readonly interleaves: boolean;
  actionsOf(shape: ScheduleShape, rank: number): Action[];
  /**
   * Most activations that the rank keeps at once, by formula. One is what one stage keeps of one micro-batch, from its forward
   * to the end of its backward or weight gradient.
   */
  highWaterOf(shape: ScheduleShape, rank: number): number;
}

export function rankOf({ pipelineRanks }: { readonly pipelineRanks: number }, stage: number): number {
  return stage % pipelineRanks;
}

/** The rank's stages, ascending. */
export function stagesOf(
  { pipelineRanks, stages }: Pick<Schedule, "pipelineRanks" | "stages">,
  rank: number,
): number[] {
  return Array.from({ length: stages / pipelineRanks }, (_, turn) => turn * pipelineRanks + rank);
}

/** Letters of pictures and messages: X and W are the halves of B. */
export const LETTERS: Readonly<Record<ActionKind, string>> = {
  forward: "F",
  backward: "B",
  "input-gradient": "X",
  "weight-gradient": "W",
};

/** "F3 of stage 1". */
export function nameOf({ kind, stage, microBatch }: Action): string {
  return `${LETTERS[kind]}${microBatch} of stage ${stage}`;
}
