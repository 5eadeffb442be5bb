/** A fingerprint of floats' bits, for copies that ought to be equal: quick, and no secret. */
import { afterLanes, loadLanes } from "./lanes";

/** 2³² divided by the golden ratio, odd: carries every bit far up; the shift brings the upper half down again. */
const MULTIPLIER: i32 = 0x9e3779b1;

/** One step of all lanes. @inline */
function step(state: v128, x: v128): v128 {
  const product = i32x4.mul(v128.xor(state, x), i32x4.splat(MULTIPLIER));
  return v128.xor(product, i32x4.shr_u(product, 15));
}

/** Lanes past the end go on with zeros. */
export function fingerprint(state: usize, x: usize, n: usize): void {
  let lanes = v128.load(state);
  for (; n > 0; n = afterLanes(n), x += 16) lanes = step(lanes, loadLanes(x, n));
  v128.store(state, lanes);
}
