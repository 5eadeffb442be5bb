/** What this engine's arithmetic does on this thread. Nothing here may be computed at compile time. */
import { madd } from "./madd";

/** 1 in a way that no compiler sees through: a memory has at least one page. */
function one(): f32 {
  return <f32>(memory.size() > 0 ? 1 : 0);
}

/** (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴ in one rounding and 0 in two. */
export function fused(): i32 {
  const a = f32x4.splat(one() + <f32>1 / 4096);
  const c = f32x4.splat(-one() - <f32>1 / 2048);
  return i32(f32x4.extract_lane(madd(a, a, c), 0) !== 0);
}

/** A library built with fast-math may have set this thread to flush subnormals to zero (NUMERICS §2.15). */
export function keepsSubnormals(): i32 {
  const smallest = f32x4.splat(one() * f32.MIN_NORMAL_VALUE);
  const half = f32x4.mul(smallest, f32x4.splat(0.5));
  return i32(i32x4.extract_lane(half, 0) === 0x00400000);
}
