/** The whole border to TypeScript on one screen; src/kernels/abi.ts is its twin and says what each does. */
export { add, addBias, exp, gelu, log, relu, scale, sigmoid, tanh } from "./elementwise";
export { fingerprint } from "./fingerprint";
export { gatherBytes, gatherLabels } from "./gather";
export { gemmScratchBytes } from "./gemm/blocking";
export { gemmNN, gemmNT, gemmTN } from "./gemm/gemm";
export { gemmTNAdam, gemmTNMomentum, gemmTNSgd, updateScratchBytes } from "./gemm/update";
export { geluGradient, reluGradient, sigmoidGradient, tanhGradient } from "./gradient";
export { copy, transpose } from "./move";
export { normal } from "./normal";
export { adam, adamAdvance, momentum, sgd } from "./optimizer";
export { fused, keepsSubnormals } from "./probe";
export { philox, uniform } from "./random";
export { clipFactor, columnSums, squaredNorms, sumAscending } from "./reduce";
export { rowSums } from "./rows";
export { crossEntropy, crossEntropyGradient, crossEntropyWithGradient } from "./softmax";
