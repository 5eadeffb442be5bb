/** e^x on four lanes: x = n·ln 2 + r, a polynomial in r, and a scaling by 2ⁿ that rounds once, also to subnormals. */
import { madd, nmadd } from "./madd";

/** 1.5 · 2²³: adding it rounds a small f32 to an integer, which then stands in the low bits of the sum. @inline */
export function roundingMagic(): v128 {
  return f32x4.splat(12582912.0);
}

/** r = x − n·ln 2 for an integer |n| < 2⁸, ln 2 in two parts: n·355/512 is exact, and so is x minus it. @inline */
export function reduceByLn2(x: v128, n: v128): v128 {
  return nmadd(n, f32x4.splat(-2.1219444e-4), nmadd(n, f32x4.splat(0.693359375), x));
}

/** e^r − 1 for |r| ≤ 0.3475: r + r²·q(r), q minimax of degree 4 (its error is 0.05 · 2⁻²⁴ of e^r). @inline */
export function expm1Polynomial(r: v128): v128 {
  let q = madd(r, f32x4.splat(0.001381422160193324), f32x4.splat(0.00836889911442995));
  q = madd(r, q, f32x4.splat(0.04166840389370918));
  q = madd(r, q, f32x4.splat(0.1666651964187622));
  q = madd(r, q, f32x4.splat(0.4999999403953552));
  return madd(f32x4.mul(r, r), q, r);
}

/** p · 2ⁿ, n given as `magic` + n, |n| ≤ 250, in two steps: only the second one rounds, and only to a subnormal. @inline */
export function scaleByPowerOfTwo(p: v128, rounded: v128): v128 {
  const n = i32x4.sub(rounded, roundingMagic());
  const half = i32x4.shr_s(n, 1);
  const rest = i32x4.sub(n, half);
  const one = f32x4.splat(1.0);
  const first = f32x4.mul(p, i32x4.add(i32x4.shl(half, 23), one));
  return f32x4.mul(first, i32x4.add(i32x4.shl(rest, 23), one));
}

/** round(x / ln 2), as `roundingMagic` + n. @inline */
function roundedExponent(x: v128): v128 {
  return madd(x, f32x4.splat(1.4426950216293335), roundingMagic());
}

/** e^x / 2ⁿ, in [0.7, 1.42]. @inline */
function mantissa(x: v128, rounded: v128): v128 {
  const n = f32x4.sub(rounded, roundingMagic());
  return f32x4.add(f32x4.splat(1.0), expm1Polynomial(reduceByLn2(x, n)));
}

/** e^x: within 1 ulp; +∞ above 88.73, +0 below −103.98, NaN for NaN. @inline */
export function expVector(x: v128): v128 {
  // pmin(a, b) is b < a ? b : a, so that a NaN in x passes.
  const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89.0)), f32x4.splat(-104.5));
  const rounded = roundedExponent(clamped);
  return scaleByPowerOfTwo(mantissa(clamped, rounded), rounded);
}

/**
 * p · 2ⁿ with the bits of `scaleByPowerOfTwo` for −190 < n ≤ 64, n given as `magic` + n: 2ⁿ⁺⁶⁴ is one shift, for the low
 * bits of the magic are 0, and the constant 2⁻⁶⁴ rounds.
 * @inline
 */
export function scaleDown(p: v128, rounded: v128): v128 {
  const power = i32x4.shl(i32x4.add(rounded, i32x4.splat(127 + 64)), 23);
  return f32x4.mul(f32x4.mul(p, power), f32x4.splat(5.421010862427522e-20));
}

/** The same for −62 < n ≤ 190, by 2ⁿ⁻⁶⁴ and 2⁶⁴. @inline */
function scaleUp(p: v128, rounded: v128): v128 {
  const power = i32x4.shl(i32x4.add(rounded, i32x4.splat(127 - 64)), 23);
  return f32x4.mul(f32x4.mul(p, power), f32x4.splat(18446744073709551616.0));
}

/** e^x for x ≤ 0 or NaN: the bits of `expVector`. @inline */
export function expOfNegative(x: v128): v128 {
  const clamped = f32x4.pmax(x, f32x4.splat(-104.5));
  const rounded = roundedExponent(clamped);
  return scaleDown(mantissa(clamped, rounded), rounded);
}

/** e^x for x ≥ 0 or NaN: the bits of `expVector`. @inline */
export function expOfPositive(x: v128): v128 {
  const clamped = f32x4.pmin(x, f32x4.splat(89.0));
  const rounded = roundedExponent(clamped);
  return scaleUp(mantissa(clamped, rounded), rounded);
}
