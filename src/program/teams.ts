/**
 * The ranks of a grid, process by process: each gang (all ranks of a stage) as teams, which are what one process has of it.
 *
 *     dp=2, tp=3, two ranks a process     replica 0        replica 1
 *                                       ╭─────────────╮  ╭─────────────╮
 *     ranks                              0    1    2      3    4    5
 *     processes                         ╰── 0 ──╯╰── 1 ───╯╰── 2 ──╯
 *     teams                             ╰─ a ───╯╰ b ╯  ╰ c ╯╰── d ──╯
 *
 * The ranks of a team make the same columns, each other rows: a team of two of three slices (a) makes two
 * thirds of the columns of replica 0's rows. A team that has all slices may be of several replicas; then it
 * makes whole rows of all of them.
 */
import { firstRow } from "../data/shares.ts";
import type { Slice, Tensor } from "../graph/tensor.ts";
import { firstRankOf, processCount, type World } from "./world.ts";

/** How many ways the ranks of a job are divided: rows among replicas, columns among slices, layers among gangs. */
export interface Grid {
  readonly replicas: number;
  readonly slices: number;
  readonly gangs: number;
}

/** Consecutive ranks of a process. */
export interface Gang {
  readonly first: number;
  readonly ranks: number;
}

export interface Team extends Gang {
  readonly process: number;
  readonly gang: number;
  readonly replicas: Slice;
  readonly slices: Slice;
}

/** All teams, in the order of their ranks; the grid has as many as the world. */
export function teamsOf(world: World, { replicas, slices }: Grid): Team[] {
  const gangRanks = replicas * slices;
  const teams: Team[] = [];
  for (let process = 0; process < processCount(world); process++) {
    const begin = firstRankOf(world, process);
    const end = begin + world.ranks[process];
    for (let rank = begin; rank < end; ) {
      const gang = Math.floor(rank / gangRanks);
      const here = Math.min(end, (gang + 1) * gangRanks) - rank;
      const [replica, slice] = [Math.floor((rank % gangRanks) / slices), rank % slices];
      const isWhole = slice === 0 && here >= slices;
      const ranks = isWhole ? here - (here % slices) : Math.min(here, slices - slice);
      teams.push({
        ...{ process, gang, first: rank - begin, ranks },
        replicas: { first: replica, count: isWhole ? ranks / slices : 1 },
        slices: isWhole ? { first: 0, count: slices } : { first: slice, count: ranks },
      });
      rank += ranks;
    }
  }
  return teams;
}

/** The ranks that a process has of a gang: none, or consecutive ones. */
export function gangIn(teams: readonly Team[], process: number, gang: number): Gang {
  const own = teams.filter((team) => team.process === process && team.gang === gang);
  return { first: own[0]?.first ?? 0, ranks: own.reduce((sum, { ranks }) => sum + ranks, 0) };
}

export function teamOfRank(teams: readonly Team[], process: number, rank: number): Team {
  return teams.find(
    (team) => team.process === process && rank >= team.first && rank < team.first + team.ranks,
  ) as Team;
}

/** The replicas whose rows a process has some of in a gang. */
export function replicasIn(teams: readonly Team[], process: number, gang: number): Slice {
  const own = teams.filter((team) => team.process === process && team.gang === gang);
  const first = own[0]?.replicas.first ?? 0;
  const last = own.at(-1)?.replicas;
  return { first, count: last ? last.first + last.count - first : 0 };
}

/** Whether two runs of replicas, or of slices, have one in common. */
export const overlap = (one: Slice, other: Slice): boolean =>
  one.first < other.first + other.count && other.first < one.first + one.count;

/** How many rows the replicas of a grid need of a micro-batch, at the least, so that every rank has one. */
export function leastRows(teams: readonly Team[], { replicas }: Pick<Grid, "replicas">): number {
  const has = (rows: number, { replicas: { first, count }, ranks }: Team) =>
    firstRow(rows, first + count, replicas) - firstRow(rows, first, replicas) >= ranks;
  let rows = 1;
  while (!teams.every((team) => has(rows, team))) rows++;
  return rows;
}

/** Columns of kernels' panels, and a cache line. */
const COLUMN_BLOCK = 16;

/** Whether there is a block of columns for every slice: fewer columns cost a panel each time, and a message, and save nothing. */
export const haveColumns = (width: number, slices: number): boolean => width >= COLUMN_BLOCK * slices;

/** The columns that fall to a run of slices, in whole blocks; each slice has some. */
export function columnsOfSlices(width: number, { first, count }: Slice, slices: number): Slice {
  const blocks = Math.ceil(width / COLUMN_BLOCK);
  const border = (slice: number) => Math.min(width, COLUMN_BLOCK * Math.floor((blocks * slice) / slices));
  return { first: border(first), count: border(first + count) - border(first) };
}

/** The first of some parameters that has fewer columns than there are slices. */
export const unsliceable = (parameters: readonly Tensor[], slices: number): Tensor | undefined =>
  parameters.find(({ shape }) => Number(shape[1] ?? slices) < slices);

/** Whether some group of `slices` consecutive ranks is of several processes. */
export function straddles(slices: number, processes: readonly number[]): boolean {
  let rank = 0;
  return processes.slice(0, -1).some((ranks) => {
    rank += ranks;
    return rank % slices !== 0;
  });
}
