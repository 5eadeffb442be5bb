/** The whole border to TypeScript on one screen; src/kernels/abi.ts is its twin and says what each does. */
export { exp, gelu, geluGradient, relu, sigmoid, tanh } from "./elementwise";
export { gemmScratchBytes } from "./gemm/blocking";
export { gemmNN, gemmNT, gemmTN } from "./gemm/gemm";
export { fused, keepsSubnormals } from "./probe";
