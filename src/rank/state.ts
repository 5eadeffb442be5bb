/** A process's parameters and optimizer state in the shared memory: drawn, read, loaded. */
import { InputError } from "../base/errors.ts";
import { streamKey } from "../base/philox.ts";
import type { NamedTensor } from "../checkpoint/tensor.ts";
import { elementCount, type Tensor } from "../graph/tensor.ts";
import { HYPER, type Kernels, STREAM } from "../kernels/abi.ts";

/** The tensor as a view on the shared memory. */
export function viewOf(
  memory: WebAssembly.Memory,
  addresses: ReadonlyMap<string, number>,
  tensor: Tensor,
): NamedTensor {
  const { name, shape } = tensor;
  const data = new Float32Array(memory.buffer, addresses.get(name) as number, elementCount(shape));
  return { name, shape: shape as number[], data };
}

/** Draws a parameter: element i is number i of the stream of (seed, "initial", name), whatever the layout (NUMERICS §3.17). */
function draw(
  kernels: Kernels,
  view: NamedTensor,
  address: number,
  bound: number,
  seed: number,
  stream: DataView,
): void {
  const [key0, key1] = streamKey(seed, "initial", view.name);
  stream.setUint32(STREAM.key0, key0, true);
  stream.setUint32(STREAM.key1, key1, true);
  stream.setFloat32(STREAM.low, -bound, true);
  stream.setFloat32(STREAM.high, bound, true);
  kernels.uniform(address, stream.byteOffset, 0, view.data.length);
}

/** Gives every parameter its initial value. `scratchAddress`: STREAM.bytes that nobody else uses now. */
export function initialise(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  addresses: ReadonlyMap<string, number>,
  parameters: readonly Tensor[],
  seed: number,
  scratchAddress: number,
): void {
  const stream = new DataView(memory.buffer, scratchAddress, STREAM.bytes);
  for (const parameter of parameters) {
    const view = viewOf(memory, addresses, parameter);
    const initial = parameter.initial ?? { constant: 0 };
    if ("constant" in initial) view.data.fill(initial.constant);
    else draw(kernels, view, addresses.get(parameter.name) as number, initial.uniform, seed, stream);
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
  addresses: ReadonlyMap<string, number>,
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
  for (const tensor of wanted)
    viewOf(memory, addresses, tensor).data.set((tensors.get(tensor.name) as NamedTensor).data);
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
