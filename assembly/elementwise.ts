/**
 * One output element from the elements at the same place: maps over n floats, eight an iteration.
 * Those whose function is too large to be inlined take four: V8's revectorizer aborts on a pair of stores of call results.
 */
import { geluSlopeVector, geluVector, reluVector, sigmoidVector, tanhVector } from "./activation";
import { expVector } from "./exponential";
import { loadLanes, storeLanes } from "./lanes";

export function relu(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    const high = reluVector(v128.load(x, 16));
    const low = reluVector(v128.load(x));
    v128.store(y, high, 16);
    v128.store(y, low);
  }
  while (n > 0) {
    const count = min<usize>(n, 4);
    storeLanes(y, reluVector(loadLanes(x, count, f32x4.splat(0.0))), count);
    x += 16;
    y += 16;
    n -= count;
  }
}

export function sigmoid(y: usize, x: usize, n: usize): void {
  while (n > 0) {
    const count = min<usize>(n, 4);
    storeLanes(y, sigmoidVector(loadLanes(x, count, f32x4.splat(0.0))), count);
    x += 16;
    y += 16;
    n -= count;
  }
}

export function tanh(y: usize, x: usize, n: usize): void {
  while (n > 0) {
    const count = min<usize>(n, 4);
    storeLanes(y, tanhVector(loadLanes(x, count, f32x4.splat(0.0))), count);
    x += 16;
    y += 16;
    n -= count;
  }
}

export function gelu(y: usize, x: usize, n: usize): void {
  while (n > 0) {
    const count = min<usize>(n, 4);
    storeLanes(y, geluVector(loadLanes(x, count, f32x4.splat(0.0))), count);
    x += 16;
    y += 16;
    n -= count;
  }
}

export function exp(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    const high = expVector(v128.load(x, 16));
    const low = expVector(v128.load(x));
    v128.store(y, high, 16);
    v128.store(y, low);
  }
  while (n > 0) {
    const count = min<usize>(n, 4);
    storeLanes(y, expVector(loadLanes(x, count, f32x4.splat(0.0))), count);
    x += 16;
    y += 16;
    n -= count;
  }
}
export function geluGradient(dx: usize, x: usize, dy: usize, n: usize): void {
  while (n > 0) {
    const count = min<usize>(n, 4);
    storeLanes(dx, f32x4.mul(loadLanes(dy, count, f32x4.splat(0.0)), geluSlopeVector(loadLanes(x, count, f32x4.splat(0.0)))), count);
    x += 16;
    dy += 16;
    dx += 16;
    n -= count;
  }
}
