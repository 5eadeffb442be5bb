/** Short spellings of kernel operands. */
import type { Operand } from "../op.ts";

export const input = (index: number): Operand => ({ address: "input", index });
export const output = (index: number): Operand => ({ address: "output", index });
/** The rank's number of indices of `axis`, times `times`. */
export const length = (axis: string, times = 1): Operand => ({ length: axis, times });
