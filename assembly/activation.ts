/** The activations on four lanes: the one expression that the kernels, their tails and GEMM's epilogue share. */
import { expOfNegative, expOfPositive, scaleDown } from "./exponential";
import {
  clampedMagnitude,
  gaussianExponent,
  gaussianMantissaMinus1,
  tailArgument,
  tailArgumentLoss,
  tailPolynomial,
} from "./gaussian";
import { madd, nmadd } from "./madd";

/** pmax(x, +0) = x < 0 ? +0 : x. So NaN stays NaN and −0 stays −0. @inline */
export function reluVector(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0.0));
}

/**
 * 1 / (1 + e^−x) within 2 ulp, as e^−|x| / (1 + e^−|x|) for x < 0, so that small values keep their bits; what
 * 1 + e lost is put back. @inline
 */
export function sigmoidVector(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const e = expOfNegative(v128.or(x, f32x4.splat(-0.0)));
  // e where x has a minus, else 1, for e ≤ 1.
  const numerator = f32x4.pmax(e, v128.andnot(one, i32x4.shr_s(x, 31)));
  const sum = f32x4.add(one, e);
  const lost = f32x4.sub(e, f32x4.sub(sum, one));
  const y = f32x4.div(numerator, sum);
  return nmadd(y, lost, y);
}

/** tanh within 2 ulp: x + x³·P(x²) below 0.625 (minimax), 1 − 2 / (e^2x + 1) above; the sign is put back at the end. @inline */
export function tanhVector(x: v128): v128 {
  const sign = v128.and(x, f32x4.splat(-0.0));
  const a = v128.xor(x, sign);
  const square = f32x4.mul(a, a);
  let p = madd(square, f32x4.splat(-0.005704987328499556), f32x4.splat(0.0206390880048275));
  p = madd(square, p, f32x4.splat(-0.05373971536755562));
  p = madd(square, p, f32x4.splat(0.13331441581249237));
  p = madd(square, p, f32x4.splat(-0.3333328068256378));
  const small = madd(f32x4.mul(square, a), p, a);
  const one = f32x4.splat(1.0);
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2.0), f32x4.add(expOfPositive(f32x4.add(a, a)), one)));
  const magnitude = v128.bitselect(small, large, f32x4.lt(a, f32x4.splat(0.625)));
  return v128.or(magnitude, sign);
}

/**
 * gelu(x) = x·Φ(x) (erf form) within 4 ulp, as relu(x) − |x|·(1 − Φ(|x|)); the tail is scaled last, so that it is
 * accurate down to subnormals. gelu(−∞) = 0.
 * @inline
 */
export function geluVector(x: v128): v128 {
  const t = clampedMagnitude(x);
  const exponent = gaussianExponent(t);
  const q = tailArgument(t);
  const ratio = f32x4.mul(q, tailPolynomial(q));
  const factor = f32x4.sub(gaussianMantissaMinus1(t, exponent), tailArgumentLoss(t, q));
  const tail = madd(ratio, factor, ratio);
  return f32x4.sub(reluVector(x), scaleDown(tail, exponent));
}

/** gelu′(x) = Φ(x) + x·φ(x). @inline */
export function geluSlopeVector(x: v128): v128 {
  const t = clampedMagnitude(x);
  const exponent = gaussianExponent(t);
  const one = f32x4.splat(1.0);
  const density = scaleDown(f32x4.add(one, gaussianMantissaMinus1(t, exponent)), exponent);
  const tail = f32x4.div(
    f32x4.mul(density, tailPolynomial(tailArgument(t))),
    f32x4.add(t, f32x4.splat(2.75)),
  );
  const signed = v128.or(t, v128.and(x, f32x4.splat(-0.0)));
  const positive = f32x4.ge(x, f32x4.splat(0.0));
  const distribution = v128.bitselect(f32x4.sub(one, tail), tail, positive);
  return f32x4.add(distribution, f32x4.mul(f32x4.mul(signed, density), f32x4.splat(0.3989422917366028)));
}
