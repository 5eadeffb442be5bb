/** Philox4x32-10 (Salmon et al., SC'11), and how a (seed, purpose, name) becomes its key. The kernels' slow twin. */
import { createHash } from "node:crypto";

// The multipliers and the keys' steps, as i32.
const M0 = 0xd2511f53 | 0;
const M1 = 0xcd9e8d57 | 0;
const W0 = 0x9e3779b9 | 0;
const W1 = 0xbb67ae85 | 0;

/**
 * The upper 32 bits of the 64-bit product of two u32, as i32: all intermediate results are small integers to V8, which
 * matters in the first, interpreted, tens of thousands of draws.
 */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const carry = ((middle & 0xffff) + Math.imul(aLow, bHigh)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/** One block: four u32 of counter (c0 … c3) and key (k0, k1), written to `out[0…3]`. */
export function philoxBlock(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, x0);
    const high1 = multiplyHigh(M1, x2);
    const low0 = Math.imul(M0, x0);
    const low1 = Math.imul(M1, x2);
    x0 = high1 ^ x1 ^ key0;
    x1 = low1;
    x2 = high0 ^ x3 ^ key1;
    x3 = low0;
    key0 = (key0 + W0) | 0;
    key1 = (key1 + W1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** The key of a stream: the first 64 bits (little endian) of SHA-256 of "lockstep\npurpose\nname\nseed". */
export function streamKey(seed: number, purpose: string, name: string): [number, number] {
  const digest = createHash("sha256").update(`lockstep\n${purpose}\n${name}\n${seed}`).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
