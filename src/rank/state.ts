/** A process's parameters and optimizer state in the shared memory: drawn, read, loaded. */
import { InputError } from "../base/errors.ts";
import { streamKey } from "../base/philox.ts";
import type { NamedTensor } from "../checkpoint/tensor.ts";
import { elementCount, type Tensor } from "../graph/tensor.ts";
import { HYPER, type Kernels, STREAM } from "../kernels/abi.ts";
import { type ColumnSlices, RANK_GAP_BYTES, toLogical, toStored, visitRuns } from "../program/columns.ts";

/** Where a process keeps its parameters and states: ProcessLayout has it. */
export interface StateLayout {
  readonly addresses: ReadonlyMap<string, number>;
  readonly columns: ColumnSlices;
}

/** The elements as they are stored, gaps between the ranks' columns included: a view on the shared memory. */
function storedOf(memory: WebAssembly.Memory, layout: StateLayout, { name, shape }: Tensor): Float32Array {
  const gapsBytes = RANK_GAP_BYTES * (layout.columns.get(name)?.length ?? 0);
  const count = elementCount(shape) + gapsBytes / 4;
  return new Float32Array(memory.buffer, layout.addresses.get(name) as number, count);
}

/** The tensor row after row: a view on the shared memory, or a copy where the ranks own columns. */
export function tensorOf(memory: WebAssembly.Memory, layout: StateLayout, tensor: Tensor): NamedTensor {
  const { name } = tensor;
  const shape = tensor.shape as number[];
  const stored = storedOf(memory, layout, tensor);
  const slices = layout.columns.get(name);
  return { name, shape, data: slices ? toLogical(stored, shape[0], shape[1], slices) : stored };
}

/** Draws a parameter: element i is number i of the stream of (seed, "initial", name), whatever the layout (NUMERICS §3.17). */
function draw(
  kernels: Kernels,
  layout: StateLayout,
  { name, shape }: Tensor,
  bound: number,
  seed: number,
  stream: DataView,
): void {
  const [key0, key1] = streamKey(seed, "initial", name);
  stream.setUint32(STREAM.key0, key0, true);
  stream.setUint32(STREAM.key1, key1, true);
  stream.setFloat32(STREAM.low, -bound, true);
  stream.setFloat32(STREAM.high, bound, true);
  const address = layout.addresses.get(name) as number;
  const slices = layout.columns.get(name);
  const [rows, columns] = slices ? (shape as number[]) : [1, elementCount(shape)];
  visitRuns(rows, columns, slices ?? [{ first: 0, count: columns }], (logical, stored, count) =>
    kernels.uniform(address + 4 * stored, stream.byteOffset, logical, count),
  );
}

/** Gives every parameter its initial value. `scratchAddress`: STREAM.bytes that nobody else uses now. */
export function initialise(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  layout: StateLayout,
  parameters: readonly Tensor[],
  seed: number,
  scratchAddress: number,
): void {
  const stream = new DataView(memory.buffer, scratchAddress, STREAM.bytes);
  for (const parameter of parameters) {
    const initial = parameter.initial ?? { constant: 0 };
    if ("constant" in initial) storedOf(memory, layout, parameter).fill(initial.constant);
    else draw(kernels, layout, parameter, initial.uniform, seed, stream);
  }
}

const OWN_MODEL =
  "load a checkpoint of this very model, or give the model's own --hidden, --activation or --model";

/** Throws an InputError where the fingerprints of two models differ; `had` is the checkpoint's, null where it knows none. */
export function checkSameModel(had: string | null, has: string): void {
  if (had === null || had === has) return;
  throw new InputError(
    "other-model",
    "the model has the parameters of the checkpoint, but does other things with them: another activation?",
    OWN_MODEL,
  );
}

/** Copies `tensors` of a checkpoint into the memory. Throws an InputError where a name or a shape does not fit. */
export function load(
  memory: WebAssembly.Memory,
  layout: StateLayout,
  wanted: readonly Tensor[],
  tensors: ReadonlyMap<string, NamedTensor>,
): void {
  for (const tensor of wanted) {
    const found = tensors.get(tensor.name);
    const shape = `[${tensor.shape}]`;
    if (!found)
      throw new InputError("other-model", `the checkpoint has no ${tensor.name} ${shape}`, OWN_MODEL);
    if (`[${found.shape}]` !== shape)
      throw new InputError(
        "other-model",
        `${tensor.name} is [${found.shape}] in the checkpoint, ${shape} in the model`,
        OWN_MODEL,
      );
  }
  for (const tensor of wanted) {
    const { data } = tensors.get(tensor.name) as NamedTensor;
    const stored = storedOf(memory, layout, tensor);
    const slices = layout.columns.get(tensor.name);
    const [rows, columns] = tensor.shape as number[];
    if (slices) toStored(stored, data, rows, columns, slices);
    else stored.set(data);
  }
}

export interface Hyperparameters {
  readonly learningRate: number;
  readonly weightDecay: number;
}

const MOMENTUM = 0.9;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Fills a HYPER block; the running β products start at 1, or where a checkpoint left them. */
export function writeHyper(
  memory: WebAssembly.Memory,
  address: number,
  { learningRate, weightDecay }: Hyperparameters,
  products: readonly [number, number] = [1, 1],
): void {
  const block = new DataView(memory.buffer, address, HYPER.bytes);
  const f32 = (offset: number, value: number) => block.setFloat32(offset, value, true);
  f32(HYPER.learningRate, learningRate);
  f32(HYPER.weightDecay, weightDecay);
  f32(HYPER.momentum, MOMENTUM);
  f32(HYPER.beta1, BETA1);
  f32(HYPER.beta2, BETA2);
  f32(HYPER.epsilon, EPSILON);
  f32(HYPER.oneMinusBeta1, 1 - BETA1);
  f32(HYPER.oneMinusBeta2, 1 - BETA2);
  block.setFloat64(HYPER.product1, products[0], true);
  block.setFloat64(HYPER.product2, products[1], true);
  block.setFloat64(HYPER.factors, BETA1, true);
  block.setFloat64(HYPER.factors + 8, BETA2, true);
}

/** The running β products of a HYPER block. */
export function readProducts(memory: WebAssembly.Memory, address: number): [number, number] {
  const block = new DataView(memory.buffer, address, HYPER.bytes);
  return [block.getFloat64(HYPER.product1, true), block.getFloat64(HYPER.product2, true)];
}
