/** Gradients of the activations: dx[i] = dy[i] · f′, from the output y or, for gelu, the input x. */
import { geluSlopeVector } from "./activation";
import { afterLanes, loadLanes, storeLanes, storePair } from "./lanes";

/** dy where y > 0 or y is NaN, else +0. @inline */
function reluGradientVector(y: v128, dy: v128): v128 {
  return v128.andnot(dy, f32x4.le(y, f32x4.splat(0.0)));
}

/** dy · (y · (1 − y)) @inline */
function sigmoidGradientVector(y: v128, dy: v128): v128 {
  return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(f32x4.splat(1.0), y)));
}

/** dy · ((1 − y) · (1 + y)), which is accurate where 1 − y² cancels. @inline */
function tanhGradientVector(y: v128, dy: v128): v128 {
  const one = f32x4.splat(1.0);
  return f32x4.mul(dy, f32x4.mul(f32x4.sub(one, y), f32x4.add(one, y)));
}

/** dy · (Φ(x) + x·φ(x)) @inline */
function geluGradientVector(x: v128, dy: v128): v128 {
  return f32x4.mul(dy, geluSlopeVector(x));
}

export function reluGradient(dx: usize, y: usize, dy: usize, n: usize): void {
  for (; n >= 8; n -= 8, y += 32, dy += 32, dx += 32) {
    const low = reluGradientVector(v128.load(y), v128.load(dy));
    storePair(dx, low, reluGradientVector(v128.load(y, 16), v128.load(dy, 16)));
  }
  for (; n > 0; n = afterLanes(n), y += 16, dy += 16, dx += 16) {
    storeLanes(dx, reluGradientVector(loadLanes(y, n), loadLanes(dy, n)), n);
  }
}

export function sigmoidGradient(dx: usize, y: usize, dy: usize, n: usize): void {
  for (; n >= 8; n -= 8, y += 32, dy += 32, dx += 32) {
    const low = sigmoidGradientVector(v128.load(y), v128.load(dy));
    storePair(dx, low, sigmoidGradientVector(v128.load(y, 16), v128.load(dy, 16)));
  }
  for (; n > 0; n = afterLanes(n), y += 16, dy += 16, dx += 16) {
    storeLanes(dx, sigmoidGradientVector(loadLanes(y, n), loadLanes(dy, n)), n);
  }
}

export function tanhGradient(dx: usize, y: usize, dy: usize, n: usize): void {
  for (; n >= 8; n -= 8, y += 32, dy += 32, dx += 32) {
    const low = tanhGradientVector(v128.load(y), v128.load(dy));
    storePair(dx, low, tanhGradientVector(v128.load(y, 16), v128.load(dy, 16)));
  }
  for (; n > 0; n = afterLanes(n), y += 16, dy += 16, dx += 16) {
    storeLanes(dx, tanhGradientVector(loadLanes(y, n), loadLanes(dy, n)), n);
  }
}

export function geluGradient(dx: usize, x: usize, dy: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, dy += 32, dx += 32) {
    const low = geluGradientVector(v128.load(x), v128.load(dy));
    storePair(dx, low, geluGradientVector(v128.load(x, 16), v128.load(dy, 16)));
  }
  for (; n > 0; n = afterLanes(n), x += 16, dy += 16, dx += 16) {
    storeLanes(dx, geluGradientVector(loadLanes(x, n), loadLanes(dy, n)), n);
  }
}
