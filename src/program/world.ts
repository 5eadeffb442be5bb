/** All ranks of a job, process by process, as one of the processes sees them; and which rows of a batch fall to whom. */
import { firstRow, type Share, share } from "../data/shares.ts";

export interface World {
  /** The index of this process. */
  readonly self: number;
  /** Ranks of every process. The world counts ranks through, process after process. */
  readonly ranks: readonly number[];
  /** The host of every process; by default all are on one. */
  readonly hosts?: readonly string[];
}

/** A process that has no others. */
export const alone = (ranks: number): World => ({ self: 0, ranks: [ranks] });

export const worldRanks = ({ ranks }: World): number => ranks.reduce((sum, count) => sum + count, 0);

export const processCount = ({ ranks }: World): number => ranks.length;

/** The world's number of the first rank of a process. */
export function firstRankOf({ ranks }: World, process: number): number {
  return ranks.slice(0, process).reduce((sum, count) => sum + count, 0);
}

/** The world's number of a rank of this process. */
export const worldRank = (world: World, rank: number): number => firstRankOf(world, world.self) + rank;

/** The process, and the rank there, to whom a job falls if all ranks take turns. */
export function turnOf(world: World, job: number): { process: number; rank: number } {
  let rank = job % worldRanks(world);
  let process = 0;
  while (rank >= world.ranks[process]) rank -= world.ranks[process++];
  return { process, rank };
}

/** The ranks of a process as a person reads them: "rank 3", "ranks 0–2". */
export function ranksOf(world: World, process: number): string {
  const first = firstRankOf(world, process);
  const last = first + world.ranks[process] - 1;
  return first === last ? `rank ${first}` : `ranks ${first}–${last}`;
}

/** The rows of a batch that fall to a rank of this process. */
export const rowsOfRank = (world: World, batch: number, rank: number): Share =>
  share(batch, worldRank(world, rank), worldRanks(world));

/** The rows of a batch that fall to the ranks of a process. */
export function rowsOfProcess(world: World, batch: number, process: number): Share {
  const all = worldRanks(world);
  const first = firstRow(batch, firstRankOf(world, process), all);
  return { first, rows: firstRow(batch, firstRankOf(world, process + 1), all) - first };
}

/**
 * The rows of a batch that fall to other processes, and of these the share of `rank`, as its part of preparing for this process
 * what they need no telling of: those before this process's rows, and those after.
 *
 *     │ before: rank 0 │ rank 1 │ this process's own │ after: rank 0 │ rank 1 │
 */
export function rowsOfOthers(world: World, batch: number, rank: number): { before: Share; after: Share } {
  const own = rowsOfProcess(world, batch, world.self);
  const ranks = world.ranks[world.self];
  const end = own.first + own.rows;
  const after = share(batch - end, rank, ranks);
  return { before: share(own.first, rank, ranks), after: { first: end + after.first, rows: after.rows } };
}
