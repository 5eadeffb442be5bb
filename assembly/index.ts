/** The whole border to TypeScript on one screen; src/kernels/abi.ts is its twin and says what each does. */
export { exp, gelu, geluGradient, relu, sigmoid, tanh } from "./elementwise";
export { fused, keepsSubnormals } from "./probe";
