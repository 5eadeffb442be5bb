/** The ranks of a process as a pipeline: its stages and gangs, and the phases by which the memory of a step is planned. */
import type { Node } from "../graph/tensor.ts";
import { restPhases } from "../program/lower-pipeline.ts";
import { gangOfRank, gangsOf, listGates, type Pipeline } from "../program/pipeline.ts";
import { countLayers, nodesOfStages, planStages } from "../program/stages.ts";
import type { PipelinePlace } from "../program/step-parameters.ts";
import { buildSchedule, SCHEDULES, type ScheduleName } from "../schedule/schedules.ts";
import { summedSince } from "../schedule/weight-sums.ts";
import type { PipelineJob } from "./job.ts";

export interface PipelineWish {
  /** Gangs, each with as many ranks. */
  readonly gangs: number;
  readonly microBatches: number;
  readonly schedule: ScheduleName;
}

/** What a run's plan.json says of it. */
export interface PipelineInfo {
  readonly schedule: ScheduleName;
  readonly microBatches: number;
  /** By stage: the layers, by the names of their weights' layer. */
  readonly stages: readonly (readonly string[])[];
}

/** Stages of a rank where a schedule gives a rank several, if there are layers enough. */
const INTERLEAVED_STAGES = 2;

/**
 * The nodes of a training step as a pipeline of `ranks` ranks. Gangs are at different micro-batches at one time, so all that stages
 * make lives until the rest of the step: one phase.
 */
export function cutIntoPipeline(
  { phases, batch }: { readonly phases: readonly (readonly Node[])[]; readonly batch: number },
  { gangs, microBatches, schedule }: PipelineWish,
  ranks: number,
): { pipeline: Pipeline; phases: Node[][] } {
  const nodes = phases.flat();
  const layers = countLayers(nodes);
  const stagesPerRank = SCHEDULES[schedule].interleaves
    ? Math.max(1, Math.min(INTERLEAVED_STAGES, Math.floor(layers / gangs)))
    : 1;
  const shape = { pipelineRanks: gangs, stagesPerRank, microBatches };
  const built = buildSchedule(schedule, shape);
  const { actions, stages } = built;
  const plan = planStages(nodes, stages, batch);
  const cut = { microBatches, summedSince: summedSince(built), gangs: gangsOf(ranks, gangs) };
  const pipeline = { plan, actions, ...cut };
  return { pipeline, phases: [nodesOfStages(plan), ...restPhases(pipeline)] };
}

export function infoOf({ plan }: Pipeline, { schedule, microBatches }: PipelineWish): PipelineInfo {
  const stages = plan.stages.map((_, index) => [
    ...new Set(
      [...plan.stageOf]
        .filter(([, stage]) => stage === index)
        .map(([{ name }]) => name.replace(/\.[^.]*$/, "")),
    ),
  ]);
  return { schedule, microBatches, stages };
}

/** Into how many micro-batches a step is cut, and among how many ranks a micro-batch is divided. */
export const cutOf = ({ microBatches, gangs: [{ ranks }] }: Pipeline) => ({ microBatches, gangRanks: ranks });

/** What ranks are given of it. */
export const pipelineJob = (pipeline: Pipeline): PipelineJob => ({
  ...{ microBatches: pipeline.microBatches, summedSince: pipeline.summedSince, gangs: pipeline.gangs },
  gates: listGates(pipeline),
});

/** Which of the ranks of its gang a rank is; null where there is no pipeline. */
export function placeIn(pipeline: PipelineJob | null, rank: number): PipelinePlace | null {
  if (pipeline === null) return null;
  const { microBatches, summedSince, gangs } = pipeline;
  const { first, ranks } = gangs[gangOfRank(gangs, rank)];
  return { microBatches, summedSince, gangRank: rank - first, gangRanks: ranks };
}
