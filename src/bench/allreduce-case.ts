/** One allreduce to measure, as plain data, and what it came to. */

import type { ActionList } from "../collective/action.ts";
import { ALLREDUCES, type Allreduce, type AllreduceName, listsOf } from "../collective/algorithms.ts";
import { groupOf, levelsOf } from "../collective/group.ts";
import { pointToPoint } from "./point-to-point.ts";
import type { CallTimes } from "./sampling-plan.ts";

export const TRANSPORTS = ["memory", "ipc", "tcp", "mpi"] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/**
 * "shared" needs no messages, and one memory; "auto" is what measured links make the fastest; "library" is whatever MPI takes;
 * "point-to-point" sums nothing: the rate of links to compare the others with.
 */
export type AlgorithmName = AllreduceName | "shared" | "auto" | "library" | "point-to-point";

const LISTS: Readonly<Record<string, Allreduce>> = { ...ALLREDUCES, "point-to-point": pointToPoint };

export interface AllreduceCase {
  readonly transport: TransportName;
  readonly algorithm: AlgorithmName;
  readonly ranks: number;
  /** At most: the last process may have fewer. Threads that share a memory are all of one process. */
  readonly ranksPerProcess: number;
  readonly bytes: number;
}

/** A line of `--json`. */
export interface AllreduceRow extends Omit<AllreduceCase, "ranksPerProcess"> {
  readonly processes: number;
  /** The median of a call, as is every rate's. */
  readonly us: number;
  readonly meanUs: number;
  readonly minUs: number;
  readonly p99Us: number;
  /** Bytes of the buffer a second. */
  readonly algbwGBs: number;
  /** The same · 2 (P − 1) / P of P members: what a link carries at least, and so the figure to compare with a link's rate. */
  readonly busbwGBs: number;
  /** Payload that all members together send in one call. */
  readonly wireBytes: number;
  /** Whose, where it is not ours: "Open MPI 4.1.4". */
  readonly library?: string;
}

/** Longer messages are sent in pieces, so that sums overlap transfers; over links, of 64 KB: one frame. */
const SEGMENT_ELEMENTS = 65536;
const LINK_SEGMENT_ELEMENTS = 16384;
/** Of a buffer, so that lists stay short. */
const MOST_SEGMENTS = 256;

export function segmentOf(transport: TransportName, count: number): number {
  const least = transport === "memory" ? SEGMENT_ELEMENTS : LINK_SEGMENT_ELEMENTS;
  return Math.max(least, Math.ceil(count / MOST_SEGMENTS));
}

export const processesOf = ({ ranks, ranksPerProcess }: AllreduceCase): number =>
  Math.ceil(ranks / ranksPerProcess);

/** The ranks of each process, in their order. */
export function ranksByProcess({ ranks, ranksPerProcess }: AllreduceCase): (readonly number[])[] {
  const all = groupOf(Array.from({ length: ranks }, (_, rank) => rank));
  const { inside } = levelsOf(all, (rank) => Math.floor(rank / ranksPerProcess));
  return inside.map(({ members }) => members);
}

/**
 * Who sends messages: each rank to the others of its process, or each process, of one rank or several, to the
 * other processes.
 */
const membersOf = (one: AllreduceCase): number => (one.transport === "memory" ? one.ranks : processesOf(one));

export function listsOfCase(one: AllreduceCase): ActionList[] {
  const count = one.bytes / 4;
  return listsOf(LISTS[one.algorithm], membersOf(one), count, segmentOf(one.transport, count));
}

export function rowOfCase(
  one: AllreduceCase,
  { min, median, mean, p99 }: CallTimes,
  library?: string,
): AllreduceRow {
  const { transport, algorithm, ranks, bytes } = one;
  const algbwGBs = bytes / median / 1e3;
  const members = membersOf(one);
  return {
    ...{ algorithm, transport, ranks, processes: processesOf(one), bytes },
    ...{ us: median, meanUs: mean, minUs: min, p99Us: p99, algbwGBs },
    busbwGBs: algorithm === "point-to-point" ? algbwGBs : (algbwGBs * 2 * (members - 1)) / members,
    wireBytes: Object.hasOwn(LISTS, algorithm) ? sentBytes(listsOfCase(one)) : 0,
    ...(library !== undefined && { library }),
  };
}

function sentBytes(lists: readonly ActionList[]): number {
  const sends = lists.flatMap(({ actions }) => actions.filter(({ kind }) => kind === "send"));
  return sends.reduce((sum, { count }) => sum + 4 * count, 0);
}
