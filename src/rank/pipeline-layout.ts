/** The ranks of a job as a pipeline: its stages and gangs, and the phases by which the memory of a step is planned. */
import type { Node, Tensor } from "../graph/tensor.ts";
import { restPhases } from "../program/lower-pipeline.ts";
import { type PairedStages, pairStages } from "../program/paired-stages.ts";
import { isDoneHere, listGates, nodesOfStagesHere, type Pipeline } from "../program/pipeline.ts";
import { type PipelineTransfers, planPipelineTransfers } from "../program/pipeline-transfers.ts";
import { countLayers, planStages, type StagePlan } from "../program/stages.ts";
import { teamsOf } from "../program/teams.ts";
import { type World, worldRanks } from "../program/world.ts";
import { buildSchedule, SCHEDULES, type ScheduleName } from "../schedule/schedules.ts";
import { summedSince } from "../schedule/weight-sums.ts";
import type { PipelineJob } from "./job.ts";
import type { PipelineWish } from "./pipeline-wish.ts";

/** What a run's plan.json says of it. */
export interface PipelineInfo {
  readonly schedule: ScheduleName;
  readonly microBatches: number;
  /** By stage: the layers, by the names of their weights' layer. */
  readonly stages: readonly (readonly string[])[];
  /** Layers that slices divide in pairs, likewise: the first by columns, the second by rows. null where they may not. */
  readonly pairs: readonly (readonly [string, string])[] | null;
}

/** Stages of a rank where a schedule gives a rank several, if there are layers enough. */
const INTERLEAVED_STAGES = 2;

/** A pipeline; by what this process's memory is planned: the phases of what it executes; and what travels between processes. */
export interface CutPipeline {
  readonly pipeline: Pipeline;
  readonly phases: readonly (readonly Node[])[];
  readonly transfers: PipelineTransfers;
  readonly paired: Pick<PairedStages, "pairs" | "weights">;
}

const unpaired = (plan: StagePlan): PairedStages => ({
  plan,
  pairs: [],
  weights: [],
  pieceOf: (tensor) => tensor,
});

/**
 * The nodes of a training step as a pipeline of all ranks of the world. Gangs are at different micro-batches at one time, so all that stages
 * make lives until the rest of the step: one phase.
 */
export function cutIntoPipeline(
  { phases, batch }: { readonly phases: readonly (readonly Node[])[]; readonly batch: number },
  { gangs, slices, microBatches, schedule, pairs = false }: PipelineWish,
  world: World,
): CutPipeline {
  const nodes = phases.flat();
  const layers = countLayers(nodes);
  const stagesPerRank = SCHEDULES[schedule].interleaves
    ? Math.max(1, Math.min(INTERLEAVED_STAGES, Math.floor(layers / gangs)))
    : 1;
  const shape = { pipelineRanks: gangs, stagesPerRank, microBatches };
  const built = buildSchedule(schedule, shape);
  const { actions, stages } = built;
  const grid = { replicas: worldRanks(world) / (gangs * slices), slices, gangs };
  const who = { grid, teams: teamsOf(world, grid), self: world.self };
  const whole = planStages(nodes, stages, batch);
  const { plan, pieceOf, ...paired } = pairs ? pairStages(whole, nodes, who) : unpaired(whole);
  const pipeline = { plan, pieceOf, actions, microBatches, summedSince: summedSince(built), ...who };
  const rest = restPhases(pipeline);
  return {
    pipeline,
    phases: [
      nodesOfStagesHere(pipeline),
      ...rest.map((nodes) => nodes.filter((node) => isDoneHere(pipeline, node))),
    ],
    transfers: planPipelineTransfers(pipeline, rest, world),
    paired,
  };
}

export function infoOf(
  { pipeline: { plan }, paired }: Pick<CutPipeline, "pipeline" | "paired">,
  { schedule, microBatches, pairs: mayPair = false }: PipelineWish,
): PipelineInfo {
  const layerOf = ({ name }: Tensor) => name.replace(/\.[^.]*$/, "");
  const stages = plan.stages.map((_, index) => [
    ...new Set([...plan.stageOf].filter(([, stage]) => stage === index).map(([tensor]) => layerOf(tensor))),
  ]);
  const pairs = paired.pairs.map(({ columns, rows }) => [layerOf(columns), layerOf(rows)] as const);
  return { schedule, microBatches, stages, pairs: mayPair ? pairs : null };
}

/** What ranks are given of it. */
export const pipelineJob = (pipeline: Pipeline): PipelineJob => {
  const { microBatches, summedSince, grid, teams } = pipeline;
  return { microBatches, summedSince, grid, teams, gates: listGates(pipeline) };
};
