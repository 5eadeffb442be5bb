/**
 * A pipeline inside a process: its stages, each with a gang of ranks, the order in which they execute them, and the gates at which
 * gangs wait for each other.
 *
 *     ranks      0   1   2   3
 *     gangs     ╰─ 0 ─╯ ╰─ 1 ─╯      gang i has the stages i, i + p, …: a micro-batch is divided among its ranks by rows,
 *                                    the weights of a stage by parameters
 *
 * Activations are handed over where they are: every tensor has a row for each sample of the batch, and a gate says that the rows of
 * a micro-batch are made, by all ranks of the gang.
 */
import type { Node } from "../graph/tensor.ts";
import type { Action } from "../schedule/action.ts";
import { type Partition, partition, type Slice } from "./partition.ts";
import { splitOf } from "./split.ts";
import type { StagePlan } from "./stages.ts";

/** Consecutive ranks of a process. */
export interface Gang {
  readonly first: number;
  readonly ranks: number;
}

export interface Pipeline {
  readonly plan: StagePlan;
  readonly microBatches: number;
  /** By micro-batch: since which one a call sums gradients of weights (schedule/weight-sums.ts). */
  readonly summedSince: readonly (number | null)[];
  readonly gangs: readonly Gang[];
  /** What each gang executes, in order. */
  readonly actions: readonly (readonly Action[])[];
}

/** The gangs of `ranks` ranks in a pipeline of so many; `gangs` divides `ranks`. */
export function gangsOf(ranks: number, gangs: number): Gang[] {
  return Array.from({ length: gangs }, (_, gang) => ({
    first: (gang * ranks) / gangs,
    ranks: ranks / gangs,
  }));
}

export const gangOfRank = (gangs: readonly Gang[], rank: number): number =>
  gangs.findIndex(({ first, ranks }) => rank < first + ranks);

export const gangOfStage = ({ gangs }: Pick<Pipeline, "gangs">, stage: number): number =>
  stage % gangs.length;

/** What a gate lets through: that rows of a micro-batch are made, forward or back. */
export type Passage = "forward" | "input-gradient";

export function gateOf(pipeline: Pipeline, passage: Passage, stage: number, microBatch: number): number {
  const { plan, microBatches } = pipeline;
  const row = passage === "forward" ? stage : plan.stages.length + stage;
  return row * microBatches + microBatch;
}

export interface Gate {
  readonly passage: Passage;
  readonly stage: number;
  readonly microBatch: number;
  /** All its ranks pass the gate in every step. */
  readonly gang: Gang;
}

/** By number. */
export function listGates(pipeline: Pipeline): Gate[] {
  const { plan, microBatches, gangs } = pipeline;
  return (["forward", "input-gradient"] as const).flatMap((passage) =>
    plan.stages.flatMap((_, stage) => {
      const gang = gangs[gangOfStage(pipeline, stage)];
      return Array.from({ length: microBatches }, (_, microBatch) => ({ passage, stage, microBatch, gang }));
    }),
  );
}

const NOTHING: Slice = { first: 0, count: 0 };

/** The slices of parameters: those of a stage are its gang's alone; what belongs to no stage falls to all ranks. */
export function partitionStages(pipeline: Pipeline, batch: number, ranks: number): Partition {
  const { plan, gangs } = pipeline;
  const all = [...plan.stages.flatMap(({ weightGradient }) => weightGradient), ...plan.rest];
  const stageOf = new Map([...plan.stageOf].map(([{ name }, stage]) => [name, stage]));
  const stageOfNode = (node: Node) => stageOf.get(splitOf(node)?.family ?? "");
  const slices = new Map(
    partition(
      all.filter((node) => stageOfNode(node) === undefined),
      batch,
      ranks,
    ),
  );
  for (const [index, { first, ranks: own }] of gangs.entries()) {
    const nodes = all.filter((node) => {
      const stage = stageOfNode(node);
      return stage !== undefined && gangOfStage(pipeline, stage) === index;
    });
    for (const [family, shares] of partition(nodes, batch, own))
      slices.set(
        family,
        Array.from({ length: ranks }, (_, rank) => shares[rank - first] ?? NOTHING),
      );
  }
  return slices;
}
