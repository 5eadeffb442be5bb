/**
 * What the teams of a pipeline in different processes hand over to each other while they execute stages, micro-batch by micro-batch.
 *
 *     stage 0, process 0    A of micro-batch j   ──▶  stage 1, process 1     its next layer, and dW of that
 *     stage 0, process 0    dA of j              ◀──  stage 1, process 1
 *     replica 0, process 0  rows of A and dA    ◀──▶  replica 1, process 1   dW of both, which runs over all rows
 *     slice 0, process 0    columns of A and dA ◀──▶  slice 1, process 1     the next layer, which reads all columns, and dW
 *                           partial sums        ◀──▶                         their sum, with --numerics fast (parallel/pairs.ts)
 *
 * Every process has all weights of its stages, so that forward and back a product reads all columns and no sum is cut (NUMERICS §7:
 * weights kept twice); it makes all of dW of its stages from what it is handed (NUMERICS §6: exchange). Pairs of layers are another
 * matter: what slices make of their pieces only replicas of the same slices are handed.
 */
import type { Node, Tensor } from "../graph/tensor.ts";
import { isReproducible } from "./crossings.ts";
import { gangOfStage, type Pipeline } from "./pipeline.ts";
import { makesRows } from "./stages.ts";
import { overlap, type Team } from "./teams.ts";
import { columnAxisOf, isOf } from "./tiles.ts";

/** A tensor that a stage makes rows of. */
export interface Made {
  readonly tensor: Tensor;
  readonly node: Node;
  readonly stage: number;
}

/** How a node of a stage reads a tensor: the rows and columns that its team makes of it itself, or all. */
interface Reading {
  readonly stage: number;
  readonly rows: "own" | "all";
  readonly columns: "own" | "all";
}

/** What one team hands over of one tensor and micro-batch. */
export interface Handover extends Made {
  readonly team: Team;
  readonly microBatch: number;
  /** Processes. */
  readonly receivers: readonly number[];
}

export interface HandoverPlan {
  readonly pipeline: Pipeline;
  /** A transfer each, by id. */
  readonly list: readonly Handover[];
  readonly idsOf: ReadonlyMap<Tensor, readonly number[]>;
  /** All tensors of which stages make rows. */
  readonly made: ReadonlyMap<Tensor, Made>;
}

function listMade({ plan }: Pipeline): Map<Tensor, Made> {
  const made = new Map<Tensor, Made>();
  for (const [stage, { forward, inputGradient }] of plan.stages.entries())
    for (const node of [...forward, ...inputGradient])
      for (const tensor of node.outputs) made.set(tensor, { tensor, node, stage });
  return made;
}

/** How a node of a stage reads one of its inputs. */
function readingOf(node: Node, index: number, stage: number, { grid }: Pipeline): Reading {
  const [, columns] = node.op.axes(node).inputs[index];
  const isOwn = columns !== undefined && columns === columnAxisOf(node, grid);
  return { stage, rows: makesRows(node) ? "own" : "all", columns: isOwn ? "own" : "all" };
}

function listReadings(pipeline: Pipeline, made: ReadonlyMap<Tensor, Made>): Map<Tensor, Reading[]> {
  const readings = new Map<Tensor, Reading[]>();
  for (const [stage, { forward, inputGradient, weightGradient }] of pipeline.plan.stages.entries())
    for (const node of [...forward, ...inputGradient, ...weightGradient])
      for (const [index, tensor] of node.inputs.entries())
        if (made.has(tensor))
          readings.set(tensor, [...(readings.get(tensor) ?? []), readingOf(node, index, stage, pipeline)]);
  return readings;
}

/** Of the teams that make the same rows each for itself, the one that hands them over. */
export const speaksForRows = ({ slices }: Team): boolean => slices.first === 0;

/** Whether a team that reads so needs what another team makes of a tensor, and its process does not make that itself. */
function needs(reader: Team, { stage, rows, columns }: Reading, made: Made, maker: Team, pipeline: Pipeline) {
  if (reader.process === maker.process || reader.gang !== gangOfStage(pipeline, stage)) return false;
  if (rows === "own" && !overlap(reader.replicas, maker.replicas)) return false;
  if (!isOf(made.node, maker)) return false;
  if (made.node.slices === "each") return overlap(reader.slices, maker.slices);
  if (made.node.slices) return true;
  if (columnAxisOf(made.node, pipeline.grid) !== null)
    return columns === "all" || overlap(reader.slices, maker.slices);
  // All who share these rows make all columns of them; what needs no telling of, the process makes of all rows.
  const makesItself = pipeline.teams.some(
    (team) =>
      team.process === reader.process && team.gang === maker.gang && overlap(team.replicas, maker.replicas),
  );
  const isRepeated = reader.gang === maker.gang && isReproducible(made.node);
  return speaksForRows(maker) && !makesItself && !isRepeated;
}

/** The processes that need what a team makes of a tensor. */
const receiversOf = (made: Made, maker: Team, readings: readonly Reading[], pipeline: Pipeline): number[] => [
  ...new Set(
    pipeline.teams
      .filter((reader) => readings.some((reading) => needs(reader, reading, made, maker, pipeline)))
      .map(({ process }) => process),
  ),
];

export function planHandovers(pipeline: Pipeline): HandoverPlan {
  const { teams, microBatches } = pipeline;
  const made = listMade(pipeline);
  const readings = listReadings(pipeline, made);
  const list = [...made.values()].flatMap((one) =>
    teams
      .filter(({ gang }) => gang === gangOfStage(pipeline, one.stage))
      .flatMap((team): Handover[] => {
        const receivers = receiversOf(one, team, readings.get(one.tensor) ?? [], pipeline);
        if (receivers.length === 0) return [];
        return Array.from({ length: microBatches }, (_, microBatch) => ({
          ...one,
          ...{ team, microBatch, receivers },
        }));
      }),
  );
  const idsOf = new Map<Tensor, number[]>();
  for (const [id, { tensor }] of list.entries()) {
    const ids = idsOf.get(tensor);
    if (ids) ids.push(id);
    else idsOf.set(tensor, [id]);
  }
  return { pipeline, list, made, idsOf };
}

/** Whether a process makes a node's rows of all teams for itself: those of others before and after its own. */
export function repeatsRows(
  node: Node,
  stage: number,
  { plan, teams, self, ...pipeline }: Pipeline,
): boolean {
  const gang = gangOfStage(pipeline, stage);
  const isShared = teams.some((team) => team.gang === gang && team.process !== self);
  const isReadWhole = plan.stages.some(({ weightGradient }, reading) =>
    weightGradient.some(
      ({ inputs }) =>
        gangOfStage(pipeline, reading) === gang && node.outputs.some((output) => inputs.includes(output)),
    ),
  );
  return isShared && isReadWhole && isReproducible(node);
}

/** The handovers that a rank of a team waits for before it executes a node of a stage for some micro-batches. */
export function awaitedBy(
  node: Node,
  stage: number,
  reader: Team,
  microBatches: readonly number[],
  { list, idsOf, pipeline }: HandoverPlan,
): number[] {
  return node.inputs.flatMap((tensor, index) =>
    (idsOf.get(tensor) ?? []).filter((id) => {
      const { team, microBatch } = list[id];
      const reading = readingOf(node, index, stage, pipeline);
      return microBatches.includes(microBatch) && needs(reader, reading, list[id], team, pipeline);
    }),
  );
}

/** Those that a rank of a team makes a part of when it has executed a node for a micro-batch. */
export const madeBy = (
  node: Node,
  maker: Team,
  microBatch: number,
  { list, idsOf }: HandoverPlan,
): number[] =>
  node.outputs.flatMap((tensor) =>
    (idsOf.get(tensor) ?? []).filter((id) => list[id].team === maker && list[id].microBatch === microBatch),
  );
