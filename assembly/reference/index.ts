/** The slow twins of the kernels, in a binary of their own: the same operations, one element at a time. */
export { fused, keepsSubnormals } from "../probe";
export {
  add,
  addBias,
  exp,
  gelu,
  geluGradient,
  log,
  relu,
  reluGradient,
  scale,
  sigmoid,
  sigmoidGradient,
  tanh,
  tanhGradient,
} from "./elementwise";
export { fingerprint } from "./fingerprint";
export { gemmNN, gemmNT, gemmTN } from "./gemm";
export { copy, transpose } from "./move";
export { normal } from "./random";
export { columnSums, rowSums, squaredNorms } from "./reduce";
export { crossEntropy, crossEntropyGradient, crossEntropyWithGradient } from "./softmax";
