/** The transcendental functions in f64, good to about 1e-15 relatively over the range of f32, tails included. */

/** e^(−x²): the square is split, so that its rounding error reaches the exponent. */
function gaussian(x: number): number {
  const high = Math.round(x * 2 ** 20) / 2 ** 20;
  return Math.exp(-high * high) * Math.exp((high - x) * (high + x));
}

/** erfc for x ≥ 0: below 2.5 by the series of erf whose terms are all positive, above by a continued fraction. */
export function erfc(x: number): number {
  if (x > 28) return 0;
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; term > 1e-18 * sum; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * gaussian(x) * sum;
  }
  let fraction = 0;
  for (let k = 150; k > 0; k--) fraction = k / 2 / (x + fraction);
  return gaussian(x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** The normal distribution's Φ, of the same relative accuracy in its lower tail. */
export function normalDistribution(x: number): number {
  const tail = 0.5 * erfc(Math.abs(x) * Math.SQRT1_2);
  return x < 0 ? tail : 1 - tail;
}

export const exact = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  gelu: (x: number): number => (x === -Infinity ? 0 : x * normalDistribution(x)),
} as const;

/** gelu′. */
export function geluSlope(x: number): number {
  if (!Number.isFinite(x)) return x > 0 ? 1 : x < 0 ? 0 : x;
  return normalDistribution(x) + (x * gaussian(x * Math.SQRT1_2)) / Math.sqrt(2 * Math.PI);
}

/** The distance of two neighbouring f32 at `x`: 2⁻¹⁴⁹ among the subnormals. */
export function ulp(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2 ** -125) return 2 ** -149;
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  return 2 ** (exponent - 23);
}
