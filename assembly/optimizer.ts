/**
 * Weight updates (NUMERICS §2.0), plain multiplications and additions: memory is what they wait for, and so both
 * FMA classes have the same bits. The offsets of a HYPER block stand in src/kernels/abi.ts.
 */
import { afterLanes, loadLanes, storeLanes, storePair } from "./lanes";

/** g + weightDecay·w @inline */
function decayedGradient(g: v128, w: v128, weightDecay: v128): v128 {
  return f32x4.add(g, f32x4.mul(weightDecay, w));
}

/** w − lr·(g + weightDecay·w) @inline */
function sgdVector(w: v128, g: v128, rate: v128, weightDecay: v128): v128 {
  return f32x4.sub(w, f32x4.mul(rate, decayedGradient(g, w, weightDecay)));
}

export function sgd(w: usize, g: usize, hyper: usize, n: usize): void {
  const rate = v128.load32_splat(hyper);
  const weightDecay = v128.load32_splat(hyper, 4);
  for (; n >= 8; n -= 8, w += 32, g += 32) {
    const low = sgdVector(v128.load(w), v128.load(g), rate, weightDecay);
    storePair(w, low, sgdVector(v128.load(w, 16), v128.load(g, 16), rate, weightDecay));
  }
  for (; n > 0; n = afterLanes(n), w += 16, g += 16) {
    storeLanes(w, sgdVector(loadLanes(w, n), loadLanes(g, n), rate, weightDecay), n);
  }
}

/** μ·v + (g + weightDecay·w) @inline */
function velocityVector(v: v128, g: v128, w: v128, mu: v128, weightDecay: v128): v128 {
  return f32x4.add(f32x4.mul(mu, v), decayedGradient(g, w, weightDecay));
}

/** w − lr·v @inline */
function movedVector(w: v128, v: v128, rate: v128): v128 {
  return f32x4.sub(w, f32x4.mul(rate, v));
}

export function momentum(w: usize, v: usize, g: usize, hyper: usize, n: usize): void {
  const rate = v128.load32_splat(hyper);
  const weightDecay = v128.load32_splat(hyper, 4);
  const mu = v128.load32_splat(hyper, 8);
  for (; n >= 8; n -= 8, w += 32, v += 32, g += 32) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const v0 = velocityVector(v128.load(v), v128.load(g), w0, mu, weightDecay);
    const v1 = velocityVector(v128.load(v, 16), v128.load(g, 16), w1, mu, weightDecay);
    storePair(v, v0, v1);
    storePair(w, movedVector(w0, v0, rate), movedVector(w1, v1, rate));
  }
  for (; n > 0; n = afterLanes(n), w += 16, v += 16, g += 16) {
    const old = loadLanes(w, n);
    const velocity = velocityVector(loadLanes(v, n), loadLanes(g, n), old, mu, weightDecay);
    storeLanes(v, velocity, n);
    storeLanes(w, movedVector(old, velocity, rate), n);
  }
}

/** β·m + (1 − β)·g @inline */
function firstMoment(m: v128, g: v128, beta: v128, rest: v128): v128 {
  return f32x4.add(f32x4.mul(beta, m), f32x4.mul(rest, g));
}

/** β·v + ((1 − β)·g)·g @inline */
function secondMoment(v: v128, g: v128, beta: v128, rest: v128): v128 {
  return f32x4.add(f32x4.mul(beta, v), f32x4.mul(f32x4.mul(rest, g), g));
}

/** (c1·m) / (√(c2·v) + ε), c the corrections 1/(1 − βᵗ). @inline */
function adamDirection(m: v128, v: v128, c1: v128, c2: v128, epsilon: v128): v128 {
  return f32x4.div(f32x4.mul(c1, m), f32x4.add(f32x4.sqrt(f32x4.mul(c2, v)), epsilon));
}

/** m and v first, then w ← w − lr·(direction + weightDecay·w). */
export function adam(w: usize, m: usize, v: usize, g: usize, hyper: usize, n: usize): void {
  const rate = v128.load32_splat(hyper);
  const weightDecay = v128.load32_splat(hyper, 4);
  const beta1 = v128.load32_splat(hyper, 12);
  const beta2 = v128.load32_splat(hyper, 16);
  const epsilon = v128.load32_splat(hyper, 20);
  const rest1 = v128.load32_splat(hyper, 24);
  const rest2 = v128.load32_splat(hyper, 28);
  const c1 = v128.load32_splat(hyper, 32);
  const c2 = v128.load32_splat(hyper, 36);
  for (; n >= 8; n -= 8, w += 32, m += 32, v += 32, g += 32) {
    const g0 = v128.load(g);
    const g1 = v128.load(g, 16);
    const m0 = firstMoment(v128.load(m), g0, beta1, rest1);
    const m1 = firstMoment(v128.load(m, 16), g1, beta1, rest1);
    const v0 = secondMoment(v128.load(v), g0, beta2, rest2);
    const v1 = secondMoment(v128.load(v, 16), g1, beta2, rest2);
    const w0 = sgdVector(v128.load(w), adamDirection(m0, v0, c1, c2, epsilon), rate, weightDecay);
    const w1 = sgdVector(v128.load(w, 16), adamDirection(m1, v1, c1, c2, epsilon), rate, weightDecay);
    storePair(m, m0, m1);
    storePair(v, v0, v1);
    storePair(w, w0, w1);
  }
  for (; n > 0; n = afterLanes(n), w += 16, m += 16, v += 16, g += 16) {
    const gradient = loadLanes(g, n);
    const first = firstMoment(loadLanes(m, n), gradient, beta1, rest1);
    const second = secondMoment(loadLanes(v, n), gradient, beta2, rest2);
    storeLanes(m, first, n);
    storeLanes(v, second, n);
    storeLanes(
      w,
      sgdVector(loadLanes(w, n), adamDirection(first, second, c1, c2, epsilon), rate, weightDecay),
      n,
    );
  }
}

/** β1ᵗ and β2ᵗ are running f64 products, so that no power function's bits matter (NUMERICS §2.13). */
export function adamAdvance(hyper: usize): void {
  const product1 = load<f64>(hyper, 40) * load<f64>(hyper, 64);
  const product2 = load<f64>(hyper, 48) * load<f64>(hyper, 72);
  store<f64>(hyper, product1, 40);
  store<f64>(hyper, product2, 48);
  store<f32>(hyper, <f32>(1.0 / (1.0 - product1)), 32);
  store<f32>(hyper, <f32>(1.0 / (1.0 - product2)), 36);
}
