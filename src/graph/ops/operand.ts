/** Short spellings of kernel operands. */
import type { Operand } from "../op.ts";

export const input = (index: number): Operand => ({ address: "input", index });
export const output = (index: number): Operand => ({ address: "output", index });
/** The number of elements of the rank's slice of an operand. */
export const elements = (side: "input" | "output", index: number): Operand => ({ elements: side, index });
/** An operand that only the last call of a chain of calls is given, the others 0. */
export const atTheEnd = (operand: Operand): Operand => ({ atTheEnd: operand });
/** Elements from one row to the next of an operand as stored. */
export const stride = (side: "input" | "output", index: number): Operand => ({ stride: side, index });
/** The rank's number of indices of `axis`, times `times`. */
export const length = (axis: string, times = 1): Operand => ({ length: axis, times });
