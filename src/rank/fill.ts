/** What a process's memory holds before the first step: data sets, the order of the test samples, weights, hyperparameters. */
import type { Dataset } from "../data/dataset.ts";
import { refuseAbove } from "../data/labels.ts";
import type { Kernels } from "../kernels/abi.ts";
import type { ProcessLayout } from "./layout.ts";
import type { SessionOptions } from "./session-options.ts";
import { checkSameModel, initialise, load, writeHyper } from "./state.ts";

/** Reads the test half and, for who trains, the training half. Throws an InputError for labels that no class has. */
export function fillData(
  memory: WebAssembly.Memory,
  { addresses }: ProcessLayout,
  data: Dataset,
  trains: boolean,
): void {
  const address = (name: string) => addresses.get(name) as number;
  const bytes = (name: string, count: number) => new Uint8Array(memory.buffer, address(name), count);
  const test = ["test.", data.test] as const;
  for (const [prefix, half] of trains ? [["", data.train] as const, test] : [test]) {
    half.readImages(bytes(`${prefix}images`, half.count * data.width));
    const labels = bytes(`${prefix}labels`, half.count);
    half.readLabels(labels);
    refuseAbove(labels, data.classes, `the ${prefix ? "test" : "training"} half of ${data.name}`);
  }
  const order = new Uint32Array(memory.buffer, address("test.order"), data.test.count);
  for (let index = 0; index < order.length; index++) order[index] = index;
}

/** Draws the weights, or takes those of `start`. */
export function fillWeights(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  layout: ProcessLayout,
  { seed, training, start }: Pick<SessionOptions, "seed" | "training" | "start">,
): void {
  const { step, addresses } = layout;
  const address = (name: string) => addresses.get(name) as number;
  if (start) {
    load(memory, layout, [...step.parameters, ...step.states], start.tensors);
    checkSameModel(start.modelSha256, layout.modelSha256);
  } else initialise(kernels, memory, layout, step.parameters, seed, address("initialStream"));
  if (!training) return;
  writeHyper(memory, address("hyper"), training, start?.products);
  if (training.clipNorm !== null) new Float32Array(memory.buffer, address("limit"), 1)[0] = training.clipNorm;
}
