/** Whether this machine has the memory of the allreduces to measure: before anything is started. */
import { InputError } from "../base/errors.ts";
import { MEMORY_LIMIT_BYTES } from "../kernels/memory.ts";
import { formatBytes } from "../rank/memory-need.ts";
import { type AllreduceCase, processesOf, ranksByProcess } from "./allreduce-case.ts";
import { memoriesOf } from "./allreduce-memory.ts";
import { listsOfTeam, teamPlaces } from "./team-memory.ts";

/** Throws an InputError that names the largest case where its memory cannot be had. */
export function checkAllreduceMemory(
  cases: readonly AllreduceCase[],
  availableBytes = process.availableMemory(),
): void {
  const needs = cases.map(bytesOfProcess);
  const bytes = Math.max(...needs);
  const largest = cases[needs.indexOf(bytes)];
  const processes = processesOf(largest);
  if (bytes <= MEMORY_LIMIT_BYTES && processes * bytes <= availableBytes) return;
  const where = processes === 1 ? "" : ` in each of ${processes} processes`;
  throw new InputError(
    "too-much-memory",
    `${largest.bytes} bytes on ${largest.ranks} ranks by ${largest.algorithm} need ${formatBytes(bytes)}${where}. ` +
      `32-bit offsets reach ${formatBytes(MEMORY_LIMIT_BYTES)}, and this machine has ${formatBytes(availableBytes)} free`,
    "give smaller --bytes, or fewer --ranks",
  );
}

/** Of the first, which has no fewer ranks than another. */
function bytesOfProcess(one: AllreduceCase): number {
  if (one.transport === "memory") return memoriesOf(one).endBytes;
  const [ranks] = ranksByProcess(one);
  return teamPlaces([one], listsOfTeam([one], 0), ranks.length).endBytes;
}
