/** The allreduce algorithms by name: all leave in every member's buffer the sum of all, with the same bits. */
import type { ActionList } from "./action.ts";
import { halvingDoubling } from "./halving-doubling.ts";
import { naiveAllreduce } from "./naive.ts";
import { parameterServer } from "./parameter-server.ts";
import { recursiveDoubling } from "./recursive-doubling.ts";
import { ringAllreduce } from "./ring.ts";

/** The list of `member` in a group of `size`, for buffers of `count` elements sent in pieces of at most `segment`. */
export type Allreduce = (member: number, size: number, count: number, segment: number) => ActionList;

export const ALLREDUCES = {
  ring: ringAllreduce,
  "recursive-doubling": recursiveDoubling,
  "halving-doubling": halvingDoubling,
  naive: naiveAllreduce,
  "parameter-server": parameterServer,
} as const satisfies Record<string, Allreduce>;

export type AllreduceName = keyof typeof ALLREDUCES;

export const ALLREDUCE_NAMES = Object.keys(ALLREDUCES) as AllreduceName[];

/** The lists of all members. */
export function listsOf(allreduce: Allreduce, size: number, count: number, segment: number): ActionList[] {
  return Array.from({ length: size }, (_, member) => allreduce(member, size, count, segment));
}
