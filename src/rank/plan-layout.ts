/** The layouts of a session: planned with the kernels' own answer on scratch; the memory they answer in is dropped at once. */
import { instantiateKernels } from "../kernels/load.ts";
import { createMemory, MEMORY_LIMIT_BYTES } from "../kernels/memory.ts";
import { formsOf } from "../plan/gradients.ts";
import { allBy, type SumForm, type SumPlan } from "../program/chunks.ts";
import { processCount } from "../program/world.ts";
import { layOut, type ProcessLayout } from "./layout.ts";
import type { SessionOptions } from "./session-options.ts";

export function planLayout(
  {
    model,
    data,
    world,
    training,
    pipeline,
  }: Pick<SessionOptions, "model" | "data" | "world" | "training" | "pipeline">,
  module: WebAssembly.Module,
  sums: SumPlan,
): ProcessLayout {
  return layOut({
    model,
    data,
    world,
    training: training && {
      optimizer: training.optimizer,
      clips: training.clipNorm !== null,
      batch: training.batch,
    },
    sums,
    pipeline,
    scratchBytes: instantiateKernels(module, createMemory(0)),
  });
}

export interface OpenForms {
  readonly forms: readonly SumForm[];
  /** Of the first form. */
  readonly layout: ProcessLayout;
  /** Of a memory with room for any mixture of the forms but for words that tell of chunks: what has a name is there once. */
  readonly bytes: number;
  /** The same of the buffers beside it. */
  readonly stagingBytes: number;
}

/**
 * Of the forms of gradients that are open to a job. A pipeline hands over what its gradients are made of: there is nothing to
 * choose.
 */
export function planOpenForms(
  options: Parameters<typeof planLayout>[0] & Pick<SessionOptions, "numerics" | "allreduce" | "layout">,
  module: WebAssembly.Module,
): OpenForms {
  const { training, world, pipeline } = options;
  const isShared = training !== null && processCount(world) > 1 && pipeline === undefined;
  return planForms(options, module, formsOf(options, isShared));
}

/** Of the forms, best first, as many as a memory can have room for; the first in any case. */
export function planForms(
  options: Parameters<typeof planLayout>[0],
  module: WebAssembly.Module,
  forms: readonly SumForm[],
): OpenForms {
  const [layout, ...others] = forms.map((form) => planLayout(options, module, allBy(form)));
  let { bytes, stagingBytes } = layout;
  let kept = 1;
  for (const other of others) {
    const more = other.bytes - other.namedBytes;
    if (bytes + more > MEMORY_LIMIT_BYTES) break;
    bytes += more;
    stagingBytes += other.stagingBytes;
    kept++;
  }
  return { forms: forms.slice(0, kept), layout, bytes, stagingBytes };
}
