/** The pipeline that ranks in processes of so many are to be, for a layout. */
import type { Layout, Settings } from "../base/config.ts";
import { straddles } from "../program/teams.ts";
import type { ScheduleName } from "../schedule/schedules.ts";

export interface PipelineWish {
  /** Gangs, each with as many ranks; of them so many are slices of each replica. */
  readonly gangs: number;
  readonly slices: number;
  readonly microBatches: number;
  readonly schedule: ScheduleName;
  /** Whether slices of several processes may divide layers in pairs, whose sums are cut. */
  readonly pairs?: boolean;
}

/** A pipeline hands over what gradients are made of: it has no other form of allreduce. */
export const handsOver = (allreduce: Settings["allreduce"]): boolean =>
  allreduce === "auto" || allreduce === "exchange";

/**
 * undefined for none. Slices that are ranks of several processes hand over like stages do, and are a pipeline of one
 * gang; those of one process share its memory, like replicas. With fast numerics they divide layers in pairs where they
 * can.
 */
export function pipelineFor(
  { tp, pp }: Layout,
  processes: readonly number[],
  { microBatches, schedule, numerics }: Pick<Settings, "microBatches" | "schedule" | "numerics">,
): PipelineWish | undefined {
  const isSliced = straddles(tp, processes);
  if (pp === 1 && !isSliced) return undefined;
  const pairs = numerics === "fast" && isSliced;
  return { gangs: pp, slices: tp, microBatches: pp > 1 ? microBatches : 1, schedule, pairs };
}
