/** A rank's place in a pipeline: its team, and which of the team's ranks, and of those that its process has of the gang, it is. */
import type { Slice } from "./partition.ts";
import { type Grid, gangIn, replicasIn, type Team, teamOfRank } from "./teams.ts";

export interface PipelinePlace {
  readonly microBatches: number;
  /** By micro-batch: since which one a call sums gradients of weights (schedule/weight-sums.ts). */
  readonly summedSince: readonly (number | null)[];
  readonly grid: Grid;
  readonly team: Team;
  readonly teamRank: number;
  /** What the process has of the gang. */
  readonly gang: { readonly rank: number; readonly ranks: number; readonly replicas: Slice };
}

/** What all ranks of a pipeline know of it, as plain data. */
export interface PipelineCut {
  readonly microBatches: number;
  /** By micro-batch: since which one a call sums gradients of weights; null where a later one does. */
  readonly summedSince: readonly (number | null)[];
  readonly grid: Grid;
  readonly teams: readonly Team[];
}

export function placeOfRank(
  { microBatches, summedSince, grid, teams }: PipelineCut,
  process: number,
  rank: number,
): PipelinePlace {
  const team = teamOfRank(teams, process, rank);
  const { first, ranks } = gangIn(teams, process, team.gang);
  const replicas = replicasIn(teams, process, team.gang);
  return {
    ...{ microBatches, summedSince, grid, team },
    teamRank: rank - team.first,
    gang: { rank: rank - first, ranks, replicas },
  };
}

/** Rows that the rank has of a micro-batch of so many, at most. */
export function mostRows({ grid, team }: PipelinePlace, rows: number): number {
  return Math.ceil(Math.ceil((rows * team.replicas.count) / grid.replicas) / team.ranks);
}
