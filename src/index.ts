/** The public API: everything that a program imports from "lockstep". */
export type { Settings } from "./base/config.ts";
export { LockstepError } from "./base/errors.ts";
export { type Checkpoint, type EpochRecord, readCheckpoint } from "./checkpoint/checkpoint.ts";
export type { NamedTensor } from "./checkpoint/tensor.ts";
export { writeSafetensors } from "./checkpoint/write.ts";
export { openDataset } from "./data/catalogue.ts";
export type { Dataset, Split } from "./data/dataset.ts";
export { type EvaluateOptions, evaluate } from "./evaluate.ts";
export type { Tensor } from "./graph/tensor.ts";
export type { Observer, Progress, StartInfo, TrainOptions, TrainResult } from "./job/options.ts";
export { add, gelu, linear, relu, sigmoid, tanh } from "./nn/layers.ts";
export { type Model, mlp } from "./nn/models.ts";
export { train } from "./train.ts";
