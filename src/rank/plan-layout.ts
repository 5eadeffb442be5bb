/** The layout of a session: planned with the kernels' own answer on scratch; the memory they answer in is dropped at once. */
import { instantiateKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import type { SumPlan } from "../program/chunks.ts";
import { layOut, type ProcessLayout } from "./layout.ts";
import type { SessionOptions } from "./session.ts";

export function planLayout(
  { model, data, world, training }: Pick<SessionOptions, "model" | "data" | "world" | "training">,
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
    scratchBytes: instantiateKernels(module, createMemory(0)),
  });
}
