/** ln x on four lanes, by FreeBSD's msun (e_logf.c): x = 2^k·m, m in [√½, √2), and a series in s = f/(2 + f), f = m − 1. */
import { madd } from "./madd";

/** ln x: within 1 ulp; −∞ at ±0, +∞ at +∞, NaN below zero and for NaN. @inline */
export function logVector(x: v128): v128 {
  const subnormal = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608.0)), x, subnormal);
  const shifted = i32x4.add(scaled, i32x4.splat(0x004afb0d)); // bits of 1 − bits of √½
  const bias = v128.bitselect(i32x4.splat(150), i32x4.splat(127), subnormal);
  const k = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(shifted, 23), bias));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, f32x4.splat(1.0));
  const s = f32x4.div(f, f32x4.add(f, f32x4.splat(2.0)));
  const z = f32x4.mul(s, s);
  let r = madd(z, f32x4.splat(0.24279078841), f32x4.splat(0.28498786688));
  r = madd(z, r, f32x4.splat(0.40000972152));
  r = f32x4.mul(z, madd(z, r, f32x4.splat(0.66666662693)));
  const half = f32x4.mul(f32x4.mul(f, f), f32x4.splat(0.5));
  const small = madd(s, f32x4.add(half, r), f32x4.mul(k, f32x4.splat(9.0580006145e-6)));
  const finite = madd(k, f32x4.splat(0.69313812256), f32x4.sub(f, f32x4.sub(half, small)));
  const atZero = v128.bitselect(f32x4.splat(-Infinity), finite, f32x4.eq(x, f32x4.splat(0.0)));
  const result = v128.bitselect(atZero, x, f32x4.lt(x, f32x4.splat(Infinity)));
  return v128.or(result, f32x4.lt(x, f32x4.splat(0.0)));
}
