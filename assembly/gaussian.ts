/**
 * The normal distribution's tail, 1 − Φ(t) = e^(−t²/2) · G(t) for t ≥ 0, in factors that keep its relative accuracy.
 * t·G(t) = q·H(q) with q = t/(t + 2.75) in [0, 1], H a polynomial (the form of erfcx in Shepherd and Laframboise, 1981);
 * t² is split, so that its rounding error reaches the exponent.
 */
import { expm1Polynomial, roundingMagic } from "./exponential";
import { madd, nmadd } from "./madd";

/** |x|, at most 15, where the tail times 15 has rounded to zero; NaN for NaN. @inline */
export function clampedMagnitude(x: v128): v128 {
  return f32x4.pmin(v128.andnot(x, f32x4.splat(-0.0)), f32x4.splat(15.0));
}

/** n = round(−t²/2 / ln 2), as `roundingMagic` + n. @inline */
export function gaussianExponent(t: v128): v128 {
  return madd(f32x4.mul(t, t), f32x4.splat(-0.7213475108146667), roundingMagic());
}

/** e^(−t²/2) / 2ⁿ − 1, in [−0.3, 0.42]. @inline */
export function gaussianMantissaMinus1(t: v128, exponent: v128): v128 {
  const n = f32x4.sub(exponent, roundingMagic());
  // The upper 12 bits of t have an exact square; the rest of t² is a product of sum and difference.
  const high = v128.and(t, i32x4.splat(0xfffff000));
  const rest = f32x4.mul(f32x4.sub(t, high), f32x4.add(t, high));
  const minusHalf = f32x4.splat(-0.5);
  const r = nmadd(n, f32x4.splat(0.693359375), f32x4.mul(f32x4.mul(high, high), minusHalf));
  const correction = nmadd(n, f32x4.splat(-2.1219444e-4), f32x4.mul(rest, minusHalf));
  return expm1Polynomial(f32x4.add(r, correction));
}

/** q = t/(t + 2.75). @inline */
export function tailArgument(t: v128): v128 {
  return f32x4.div(t, f32x4.add(t, f32x4.splat(2.75)));
}

/**
 * What the rounding of t + 2.75 costs q·H(q), relatively: the loss, over t + 2.75 = 2.75/(1 − q), times about 1 − q, for
 * q·H(q) tends to a constant.
 * @inline
 */
export function tailArgumentLoss(t: v128, q: v128): v128 {
  const shift = f32x4.splat(2.75);
  const lost = f32x4.sub(t, f32x4.sub(f32x4.add(t, shift), shift));
  const rest = f32x4.sub(f32x4.splat(1.0), q);
  return f32x4.mul(f32x4.mul(lost, f32x4.splat(0.3636363744735718)), f32x4.mul(rest, rest));
}

/** H(q) = (t + 2.75)·G(t) for 0 ≤ t ≤ 15: minimax in 2q − 1 of degree 10 (0.08 · 2⁻²⁴ relative). @inline */
export function tailPolynomial(q: v128): v128 {
  const w = madd(q, f32x4.splat(2.0), f32x4.splat(-1.0));
  let h = madd(w, f32x4.splat(4.032370634377003e-5), f32x4.splat(-1.9797042114078067e-5));
  h = madd(w, h, f32x4.splat(-0.0004510472936090082));
  h = madd(w, h, f32x4.splat(-0.0003058931906707585));
  h = madd(w, h, f32x4.splat(0.002499422524124384));
  h = madd(w, h, f32x4.splat(0.0032110027968883514));
  h = madd(w, h, f32x4.splat(-0.01644371822476387));
  h = madd(w, h, f32x4.splat(-0.016565969213843346));
  h = madd(w, h, f32x4.splat(0.18233419954776764));
  h = madd(w, h, f32x4.splat(-0.4743541181087494));
  h = madd(w, h, f32x4.splat(0.7189860343933105));
  return h;
}
