/**
 * The layout of the same ranks that is nearest to a job's own and fits into memory, where its own does not.
 *
 * Nearest is what changes least: factors of replicas, slices and stages that are halved or doubled as seldom as can be; of equals,
 * what has fewer stages, then fewer slices.
 */
import { formatLayout, type Layout } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { straddles, unsliceable } from "../program/teams.ts";
import { processCount, worldRanks } from "../program/world.ts";
import type { MemoryNeed } from "./memory-need.ts";
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

function pipelineWith({ tp, pp }: Layout, options: Options): Options["pipeline"] {
  if (pp === 1 && !straddles(tp, options.world.ranks)) return undefined;
  const { schedule = "1f1b" } = options.pipeline ?? {};
  return { gangs: pp, slices: tp, microBatches: microBatchesOf(pp, options), schedule };
}

/** Who has a pipeline already keeps its micro-batches. */
function microBatchesOf(stages: number, { pipeline, training }: Options): number {
  if (stages === 1) return 1;
  if (pipeline && pipeline.gangs > 1) return pipeline.microBatches;
  return Math.min(MICRO_BATCHES_OF_STAGE * stages, training?.batch ?? 1);
}

function flagsOf(layout: Layout, options: Options): string {
  const hadStages = (options.pipeline?.gangs ?? 1) > 1;
  const words = [`--layout ${formatLayout(layout)}`];
  if (layout.pp > 1 && !hadStages) words.push(`--micro-batches ${microBatchesOf(layout.pp, options)}`);
  if (pipelineWith(layout, options) && !["auto", "exchange"].includes(options.allreduce ?? "auto"))
    words.push("--allreduce auto");
  const without = layout.pp === 1 && hadStages ? " without --micro-batches and --schedule" : "";
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
