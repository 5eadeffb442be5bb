/**
 * The normal distribution's tail, 1 − Φ(t) = e^(−t²/2) · G(t) for t ≥ 0, in factors that keep its relative accuracy:
 * G(t) = erfcx(t/√2)/2 is a ratio of polynomials, and t² is split so that its rounding error reaches the exponent.
 */
import { expPolynomial, roundingMagic } from "./exponential";
import { madd, nmadd } from "./madd";

/** |x|, at most 15, where the tail times 15 has rounded to zero; NaN for NaN. */
export function clampedMagnitude(x: v128): v128 {
  return f32x4.pmin(f32x4.abs(x), f32x4.splat(15.0));
}

/** n = round(−t²/2 / ln 2), as `roundingMagic` + n. */
export function gaussianExponent(t: v128): v128 {
  return madd(f32x4.mul(t, t), f32x4.splat(-0.7213475108146667), roundingMagic());
}

/** e^(−t²/2) / 2ⁿ, in [0.7, 1.42]. */
export function gaussianMantissa(t: v128, rounded: v128): v128 {
  const n = f32x4.sub(rounded, roundingMagic());
  // The upper 12 bits of t have an exact square; the rest of t² is their difference of squares.
  const high = v128.and(t, i32x4.splat(0xfffff000));
  const rest = f32x4.mul(f32x4.sub(t, high), f32x4.add(t, high));
  const minusHalf = f32x4.splat(-0.5);
  const r = nmadd(n, f32x4.splat(0.693359375), f32x4.mul(f32x4.mul(high, high), minusHalf));
  return expPolynomial(f32x4.add(r, nmadd(n, f32x4.splat(-2.12194440054690581e-4), f32x4.mul(rest, minusHalf))));
}

/** G(t) for 0 ≤ t ≤ 15: minimax of degree 4 over 5 (0.4 · 2⁻²⁴ with rounded coefficients), exactly ½ at 0. */
export function gaussianTailRatio(t: v128): v128 {
  let p = madd(t, f32x4.splat(0.004100374411791563), f32x4.splat(0.04054151847958565));
  p = madd(t, p, f32x4.splat(0.18298615515232086));
  p = madd(t, p, f32x4.splat(0.43799489736557007));
  p = madd(t, p, f32x4.splat(0.5));
  let q = madd(t, f32x4.splat(0.01027799490839243), f32x4.splat(0.10162895917892456));
  q = madd(t, q, f32x4.splat(0.46880632638931274));
  q = madd(t, q, f32x4.splat(1.2015269994735718));
  q = madd(t, q, f32x4.splat(1.6738746166229248));
  q = madd(t, q, f32x4.splat(1.0));
  return f32x4.div(p, q);
}
