/** Where a process of several has its ranks' inputs, the buffer that its links carry, and what lists need beside it. */
import type { ActionList } from "../collective/action.ts";
import { ALLREDUCE_NAMES } from "../collective/algorithms.ts";
import { Arena } from "../program/arena.ts";
import { type AllreduceCase, listsOfCase, processesOf } from "./allreduce-case.ts";
import { PROBE_BYTES, probes } from "./link-costs.ts";
import { reserveApart } from "./roofs.ts";

/** Byte addresses. */
export interface TeamPlaces {
  /** By rank of this process. One alone has its input in the buffer: lists work in place. */
  readonly inputs: readonly number[];
  readonly buffer: number;
  readonly scratch: number;
  readonly bufferBytes: number;
  readonly scratchBytes: number;
  readonly endBytes: number;
}

/** All lists that process `self` may have to execute: "auto" may become any. The cases are of the same processes. */
export function listsOfTeam(cases: readonly AllreduceCase[], self: number): ActionList[] {
  const named = cases.flatMap((one) =>
    one.algorithm === "auto" ? ALLREDUCE_NAMES.map((algorithm) => ({ ...one, algorithm })) : [one],
  );
  const { short, long } = probes(processesOf(cases[0]), cases[0].transport);
  return [...named.map((one) => listsOfCase(one)[self]), short[self], long[self]];
}

/** For a process of so many ranks that executes `lists`. */
export function teamPlaces(
  cases: readonly AllreduceCase[],
  lists: readonly ActionList[],
  ranks: number,
): TeamPlaces {
  const arena = new Arena();
  const mostBytes = Math.max(...cases.map(({ bytes }) => bytes));
  const bufferBytes = Math.max(PROBE_BYTES, mostBytes);
  const scratchBytes = 4 * Math.max(...lists.map(({ scratchCount }) => scratchCount));
  const [buffer, scratch] = [bufferBytes, scratchBytes].map((bytes) => reserveApart(arena, bytes));
  const inputs = ranks === 1 ? [buffer] : Array.from({ length: ranks }, () => reserveApart(arena, mostBytes));
  return { inputs, buffer, scratch, bufferBytes, scratchBytes, endBytes: arena.endBytes };
}
