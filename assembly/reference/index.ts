/** The slow twins of the kernels, in a binary of their own: the same operations, one element at a time. */
export { fused, keepsSubnormals } from "../probe";
export { gemmNN, gemmNT, gemmTN } from "./gemm";
