/** A process's memory and programs without its threads: a test may execute any rank's instructions when it likes. */

import type { Dataset } from "../../src/data/dataset.ts";
import { epochOrder } from "../../src/data/sampler.ts";
import type { Kernels } from "../../src/kernels/abi.ts";
import { type CompiledKernels, compileKernels, instantiateKernels } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import type { OptimizerName } from "../../src/nn/optimizers.ts";
import type { UnitPolicy } from "../../src/parallel/units.ts";
import type { SumPlan } from "../../src/program/chunks.ts";
import { alone, type World } from "../../src/program/world.ts";
import { layOut, ORDER_SLOTS, type ProcessLayout } from "../../src/rank/layout.ts";
import type { PipelineWish } from "../../src/rank/pipeline-wish.ts";
import { initialise, writeHyper } from "../../src/rank/state.ts";
import { synthetic } from "../synthetic.ts";

export interface Wish {
  readonly model?: Model;
  readonly data?: Dataset;
  readonly ranks?: number;
  /** Instead of `ranks`: this process has others. */
  readonly world?: World;
  readonly batch?: number;
  readonly optimizer?: OptimizerName;
  readonly lr?: number;
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly fuses?: boolean;
  readonly units?: UnitPolicy;
  readonly sums?: SumPlan;
  readonly pipeline?: PipelineWish;
  readonly shuffle?: boolean;
}

export interface OneThread {
  readonly compiled: CompiledKernels;
  readonly layout: ProcessLayout;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly data: Dataset;
  readonly ranks: number;
  readonly world: World;
  readonly batch: number;
  /** Address of a named tensor or block. */
  address(name: string): number;
}

const compiled = compileKernels("auto");

/** Everything that a session makes, up to the first step of epoch 1, whose order is in slot 1 (and in slot 0). */
export function oneThread(wish: Wish = {}): OneThread {
  const { model = mlp([24], "relu"), data = synthetic(), batch = 32, optimizer = "sgd" } = wish;
  const world = wish.world ?? alone(wish.ranks ?? 1);
  const ranks = world.ranks[world.self];
  const asked = instantiateKernels(compiled.module, createMemory(0));
  const layout = layOut({
    ...{ model, data, world, fuses: wish.fuses, units: wish.units, sums: wish.sums, pipeline: wish.pipeline },
    training: { optimizer, batch, clips: wish.clipNorm !== undefined },
    scratchBytes: asked,
  });
  const memory = createMemory(layout.bytes);
  const kernels = instantiateKernels(compiled.module, memory);
  const address = (name: string) => layout.addresses.get(name) as number;
  for (const [prefix, half] of [["", data.train] as const, ["test.", data.test] as const]) {
    half.readImages(new Uint8Array(memory.buffer, address(`${prefix}images`), half.count * data.width));
    half.readLabels(new Uint8Array(memory.buffer, address(`${prefix}labels`), half.count));
  }
  const { count } = data.train;
  for (let slot = 0; slot < ORDER_SLOTS; slot++)
    epochOrder(
      new Uint32Array(memory.buffer, address("order") + 4 * count * slot, count),
      1,
      1,
      wish.shuffle ?? true,
    );
  new Uint32Array(memory.buffer, address("test.order"), data.test.count).forEach((_, index, order) => {
    order[index] = index;
  });
  initialise(kernels, memory, layout, layout.step.parameters, 1, address("initialStream"));
  writeHyper(memory, address("hyper"), { learningRate: wish.lr ?? 0.1, weightDecay: wish.weightDecay ?? 0 });
  if (wish.clipNorm !== undefined) new Float32Array(memory.buffer, address("limit"), 1)[0] = wish.clipNorm;
  return { compiled, layout, memory, kernels, data, ranks, world, batch, address };
}
