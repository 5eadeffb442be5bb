/**
 * A rank's place in a pipeline: its team, and which of the team's ranks, and of those that its process has of
 * the gang, it is.
 */

import { firstRow, type Share, share } from "../data/shares.ts";
import type { Slice } from "../graph/tensor.ts";
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

/** Rows of a micro-batch, within the batch. */
export interface MicroBatchRows {
  /** That the rank makes. */
  readonly own: Share;
  /** Its share of those before and after its process's, where the process makes them for itself. */
  readonly before: Share;
  readonly after: Share;
  /** Over which a call sums gradients of weights: of the micro-batch and of those before it that wait for it. */
  readonly summed: Share;
}

/**
 * In a step of `batch` samples. Micro-batches are as even as a batch allows, the first ones larger; replicas of each, and the
 * ranks of a team, likewise.
 */
export function rowsOfMicroBatch(place: PipelinePlace, batch: number, microBatch: number): MicroBatchRows {
  const { microBatches, summedSince, grid, team, teamRank, gang } = place;
  const begin = firstRow(batch, microBatch, microBatches);
  const end = firstRow(batch, microBatch + 1, microBatches);
  const summedFirst = firstRow(batch, summedSince[microBatch] ?? microBatch, microBatches);
  const ofReplica = (replica: number) => begin + firstRow(end - begin, replica, grid.replicas);
  const endOf = ({ first, count }: Slice) => ofReplica(first + count);
  return {
    own: shareBetween(ofReplica(team.replicas.first), endOf(team.replicas), teamRank, team.ranks),
    before: shareBetween(begin, ofReplica(gang.replicas.first), gang.rank, gang.ranks),
    after: shareBetween(endOf(gang.replicas), end, gang.rank, gang.ranks),
    summed: { first: summedFirst, rows: end - summedFirst },
  };
}

/** A rank's share of the rows from `begin` to before `end`. */
function shareBetween(begin: number, end: number, rank: number, ranks: number): Share {
  const { first, rows } = share(end - begin, rank, ranks);
  return { first: begin + first, rows };
}
