/** The layout of the same ranks that is nearest to a job's own and fits into memory, where its own does not. */
import { formatLayout } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { allBy } from "../program/chunks.ts";
import { worldRanks } from "../program/world.ts";
import type { MemoryNeed } from "./memory-need.ts";
import { planLayout } from "./plan-layout.ts";
import type { SessionOptions } from "./session-options.ts";

export interface FittingLayout {
  /** As a person would write it. */
  readonly flags: string;
  readonly need: MemoryNeed;
}

/** Null if no number of stages fits: of fewer stages a process has more layers, of more it keeps more apart. */
export function nearestLayout(
  options: Parameters<typeof planLayout>[0],
  module: WebAssembly.Module,
  fits: (need: MemoryNeed) => boolean,
): FittingLayout | null {
  const ranks = worldRanks(options.world);
  const own = options.pipeline?.gangs ?? 1;
  const others = Array.from({ length: ranks }, (_, index) => index + 1)
    .filter((stages) => ranks % stages === 0 && stages !== own)
    .sort((one, other) => distance(one, own) - distance(other, own));
  for (const stages of others) {
    const need = needWith(stages, options, module);
    if (need !== null && fits(need))
      return { flags: `--layout ${formatLayout({ dp: ranks / stages, tp: 1, pp: stages })}`, need };
  }
  return null;
}

const distance = (one: number, other: number): number => Math.max(one / other, other / one);

/** Null where the model has too few layers. */
function needWith(
  stages: number,
  options: Parameters<typeof planLayout>[0],
  module: WebAssembly.Module,
): MemoryNeed | null {
  const wish: SessionOptions["pipeline"] =
    stages === 1
      ? undefined
      : {
          ...{ microBatches: Math.min(stages, options.training?.batch ?? 1), schedule: "1f1b" as const },
          ...options.pipeline,
          ...{ gangs: stages, slices: 1 },
        };
  try {
    return planLayout({ ...options, pipeline: wish }, module, allBy("exchange"));
  } catch (thrown) {
    if (thrown instanceof InputError) return null;
    throw thrown;
  }
}
