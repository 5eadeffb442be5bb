/**
 * A pipeline: its stages, each with a gang of ranks, the order in which they execute them, and the gates at
 * which the gangs of one process wait for each other.
 *
 *     ranks      0   1   2   3
 *     gangs     ╰─ 0 ─╯ ╰─ 1 ─╯      gang i has the stages i, i + p, …: a micro-batch is divided among its ranks by rows, between
 *                                    slices in other processes by columns, the weights of a stage among a process's by parameters
 *
 * In a process activations are handed over where they are: every tensor has a row for each sample of the
 * batch, and a gate says that the rows of a micro-batch are made, by all ranks that the process has of the
 * gang. Between processes they travel (handovers.ts).
 */
import type { Node, Slice, Tensor } from "../graph/tensor.ts";
import type { Action } from "../schedule/action.ts";
import { type Partition, partition } from "./partition.ts";
import type { PipelineCut } from "./pipeline-place.ts";
import { splitOf } from "./split.ts";
import { homeOf, nodesOfStages, type StagePlan } from "./stages.ts";
import { type Gang, gangIn } from "./teams.ts";

export interface Pipeline extends PipelineCut {
  /** The process that sees it so. */
  readonly self: number;
  readonly plan: StagePlan;
  /** What other slices make in the place of what this process makes (paired-stages.ts): most often the same. */
  readonly pieceOf: (tensor: Tensor, slices: Slice) => Tensor;
  /** What each gang executes, in order. */
  readonly actions: readonly (readonly Action[])[];
}

export const gangOfStage = ({ grid }: Pick<Pipeline, "grid">, stage: number): number => stage % grid.gangs;

/** The ranks that this process has of a stage. */
export const ownRanks = (pipeline: Pipeline, stage: number): Gang =>
  gangIn(pipeline.teams, pipeline.self, gangOfStage(pipeline, stage));

/** What belongs to a stage is done by the processes that have ranks of it; all else by all. */
export function isDoneHere(pipeline: Pipeline, node: Node): boolean {
  const home = homeOf(node, pipeline.plan);
  return home === null || ownRanks(pipeline, home).ranks > 0;
}

/** The stages' nodes that this process executes, in an order in which what a node reads is made before. */
export function nodesOfStagesHere(pipeline: Pipeline): Node[] {
  const stages = pipeline.plan.stages.map((stage, index) =>
    ownRanks(pipeline, index).ranks > 0 ? stage : { forward: [], inputGradient: [], weightGradient: [] },
  );
  return nodesOfStages({ stages });
}

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
  /** The process's ranks of the gang: all of them pass the gate in every step. */
  readonly gang: Gang;
}

/** By number. */
export function listGates(pipeline: Pipeline): Gate[] {
  const { plan, microBatches } = pipeline;
  return (["forward", "input-gradient"] as const).flatMap((passage) =>
    plan.stages.flatMap((_, stage) => {
      const gang = ownRanks(pipeline, stage);
      return Array.from({ length: microBatches }, (_, microBatch) => ({ passage, stage, microBatch, gang }));
    }),
  );
}

const NOTHING: Slice = { first: 0, count: 0 };

/**
 * The slices of parameters among the process's ranks: those of a stage are its gang's alone, which are nobody
 * where the process has none of the gang; what belongs to no stage falls to all ranks.
 */
export function partitionStages(pipeline: Pipeline, batch: number, ranks: number): Partition {
  const { plan, grid, teams, self } = pipeline;
  const all = [...plan.stages.flatMap(({ weightGradient }) => weightGradient), ...plan.rest];
  const gangOf = (node: Node) => {
    const home = homeOf(node, plan);
    return home === null ? null : gangOfStage(pipeline, home);
  };
  const slices = new Map(
    partition(
      all.filter((node) => gangOf(node) === null),
      batch,
      ranks,
    ),
  );
  for (let gang = 0; gang < grid.gangs; gang++) {
    const nodes = all.filter((node) => gangOf(node) === gang);
    const { first, ranks: own } = gangIn(teams, self, gang);
    const shares = own > 0 ? partition(nodes, batch, own) : new Map<string, readonly Slice[]>();
    for (const family of nodes.map((node) => splitOf(node)?.family ?? ""))
      slices.set(
        family,
        Array.from({ length: ranks }, (_, rank) => shares.get(family)?.[rank - first] ?? NOTHING),
      );
  }
  return slices;
}
