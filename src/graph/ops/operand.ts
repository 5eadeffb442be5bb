/** Short spellings of kernel operands. */
import type { Operand } from "../op.ts";

export const input = (index: number): Operand => ({ address: "input", index });
export const output = (index: number): Operand => ({ address: "output", index });
/** The number of elements of the rank's slice of an operand. */
export const elements = (side: "input" | "output", index: number): Operand => ({ elements: side, index });
/** Elements from one row to the next of an operand as stored. */
export const stride = (side: "input" | "output", index: number): Operand => ({ stride: side, index });
/** The rank's number of indices of `axis`, times `times`. */
export const length = (axis: string, times = 1): Operand => ({ length: axis, times });
