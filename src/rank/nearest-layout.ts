/**
 * The layout of the same ranks that is nearest to a job's own and fits into memory, where its own does not.
 *
 * Nearest is what changes least: factors of replicas, slices and stages that are halved or doubled as seldom
 * as can be; of equals, what has fewer stages, then fewer slices.
 */
import { formatLayout, type Layout } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { leastRows, teamsOf, unsliceable } from "../program/teams.ts";
import { processCount, worldRanks } from "../program/world.ts";
import type { MemoryNeed } from "./memory-need.ts";
import { handsOver, pipelineFor } from "./pipeline-wish.ts";
import { planOpenForms } from "./plan-layout.ts";
import { layoutOf } from "./session-options.ts";

export interface FittingLayout {
  /** As a person would write it, and what goes with it. */
  readonly flags: string;
  readonly need: MemoryNeed;
}

type Options = Parameters<typeof planOpenForms>[0];

/** Micro-batches for each stage of a job that had none: a pipeline then waits for a fifth of a step or less. */
const MICRO_BATCHES_OF_STAGE = 4;

/** Null if none fits: of fewer stages a process has more layers, of more it keeps more apart. */
export function nearestLayout(
  options: Options,
  module: WebAssembly.Module,
  fits: (need: MemoryNeed) => boolean,
): FittingLayout | null {
  for (const layout of othersByDistance(options)) {
    const need = needWith(layout, options, module);
    if (need !== null && fits(need)) return { flags: flagsOf(layout, options), need };
  }
  return null;
}

function othersByDistance(options: Options): Layout[] {
  const own = layoutOf(options);
  const ranks = worldRanks(options.world);
  const isAlone = processCount(options.world) === 1;
  const layouts = divisorsOf(ranks).flatMap((pp) =>
    divisorsOf(ranks / pp).map((tp) => ({ dp: ranks / (tp * pp), tp, pp })),
  );
  const distance = ({ dp, tp, pp }: Layout) => change(dp, own.dp) * change(tp, own.tp) * change(pp, own.pp);
  return layouts
    .filter(({ tp, pp }) => tp !== own.tp || pp !== own.pp)
    .filter((layout) => mostMicroBatches(layout, options) > 0)
    .filter(({ tp, pp }) => !isAlone || pp !== own.pp || tp === own.tp) // In one process slices and replicas take the same.
    .sort((one, other) => {
      const further = Math.round(1e6 * (distance(one) - distance(other)));
      return further || one.pp - other.pp || one.tp - other.tp;
    });
}

const divisorsOf = (ranks: number): number[] =>
  Array.from({ length: ranks }, (_, index) => index + 1).filter((divisor) => ranks % divisor === 0);

/** How many times it is larger, or smaller. */
const change = (size: number, own: number): number => Math.max(size / own, own / size);

function pipelineWith(layout: Layout, options: Options): Options["pipeline"] {
  const { schedule = "1f1b" } = options.pipeline ?? {};
  const { numerics = "exact" } = options;
  const microBatches = microBatchesOf(layout, options);
  return pipelineFor(layout, options.world.ranks, { microBatches, schedule, numerics });
}

/** Into how many micro-batches a batch can be cut of which each has a row for every rank of a stage; 0: not even into one. */
function mostMicroBatches({ dp, tp, pp }: Layout, { world, training }: Options): number {
  const grid = { replicas: dp, slices: tp, gangs: pp };
  return training ? Math.floor(training.batch / leastRows(teamsOf(world, grid), grid)) : 1;
}

/** Who has a pipeline already keeps its micro-batches, as long as each has a row for every rank of a stage. */
function microBatchesOf(layout: Layout, options: Options): number {
  const { pipeline } = options;
  if (layout.pp === 1) return 1;
  const own = pipeline && pipeline.gangs > 1 ? pipeline.microBatches : MICRO_BATCHES_OF_STAGE * layout.pp;
  return Math.min(own, mostMicroBatches(layout, options));
}

function flagsOf(layout: Layout, options: Options): string {
  const { gangs = 1, microBatches } = options.pipeline ?? {};
  const words = [`--layout ${formatLayout(layout)}`];
  const wished = microBatchesOf(layout, options);
  if (layout.pp > 1 && (gangs === 1 || wished !== microBatches)) words.push(`--micro-batches ${wished}`);
  if (pipelineWith(layout, options) && !handsOver(options.allreduce ?? "auto"))
    words.push("--allreduce auto");
  const without = layout.pp === 1 && gangs > 1 ? " without --micro-batches and --schedule" : "";
  return words.join(" ") + without;
}

/** Null where the model has too few layers, or a layer too few units. */
function needWith(layout: Layout, options: Options, module: WebAssembly.Module): MemoryNeed | null {
  try {
    const { layout: planned, ...need } = planOpenForms(
      { ...options, pipeline: pipelineWith(layout, options) },
      module,
    );
    return unsliceable(planned.step.parameters, layout.tp) === undefined ? need : null;
  } catch (thrown) {
    if (thrown instanceof InputError) return null;
    throw thrown;
  }
}
