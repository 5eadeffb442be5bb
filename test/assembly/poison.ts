/** A kernel's call with its operands laid out among NaNs: what became of them, and proof that nothing else was touched. */

export type Operand = Float32Array | Int32Array | Uint32Array | Uint8Array | Float64Array;

const POISON = 0x7fc0dead;
const MARGIN_BYTES = 64;
const FIRST_BYTES = 1024;

/** The edge sizes of every loop of 4, 8 or 16, and of its tails. */
export const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 1000, 1003] as const;

const bytesOf = (operand: Operand): Buffer =>
  Buffer.from(operand.buffer, operand.byteOffset, operand.byteLength);

/** Where each operand goes: 64 bytes of poison or more between them, floats at odd multiples of 4. */
function place(operands: readonly Operand[]): { addresses: number[]; endBytes: number } {
  let at = FIRST_BYTES;
  const addresses = operands.map((operand) => {
    const address = at + (operand.BYTES_PER_ELEMENT === 8 ? 8 : 4);
    at = Math.ceil((address + operand.byteLength + MARGIN_BYTES) / 64) * 64;
    return address;
  });
  return { addresses, endBytes: at };
}

/**
 * Copies the operands into `memory`, calls `call` with their addresses, and gives back what they are then. Throws if a
 * byte outside of them changed. An operand that is listed twice by its own object has one place.
 */
export function run(
  memory: WebAssembly.Memory,
  operands: readonly Operand[],
  call: (...addresses: number[]) => void,
): Operand[] {
  const once = [...new Set(operands)];
  const { addresses, endBytes } = place(once);
  new Uint32Array(memory.buffer, 0, endBytes / 4).fill(POISON);
  const all = Buffer.from(memory.buffer, 0, endBytes);
  for (const [i, operand] of once.entries()) bytesOf(operand).copy(all, addresses[i]);
  const before = Buffer.from(all);
  call(...operands.map((operand) => addresses[once.indexOf(operand)]));
  const after = Buffer.from(all);
  const results = operands.map((operand) => {
    const address = addresses[once.indexOf(operand)];
    const copy = operand.slice();
    after.copy(bytesOf(copy), 0, address, address + operand.byteLength);
    return copy;
  });
  for (const [i, operand] of once.entries()) {
    before.copy(after, addresses[i], addresses[i], addresses[i] + operand.byteLength);
  }
  if (!before.equals(after)) throw new Error("bytes outside of the operands changed");
  return results;
}

/** Where two results differ in their bits, in words, or undefined. Two NaNs are equal: their payload is the engine's. */
export function difference(found: Operand, expected: Operand): string | undefined {
  if (found.length !== expected.length) return `length ${found.length} instead of ${expected.length}`;
  for (let i = 0; i < found.length; i++) {
    if (!Object.is(found[i], expected[i])) return `[${i}] is ${found[i]} instead of ${expected[i]}`;
  }
  return undefined;
}

/** `n` floats from `next`. */
export function floats(n: number, next: () => number): Float32Array {
  return Float32Array.from({ length: n }, next);
}
