/** One output element from the input elements at the same place: maps over n floats, eight an iteration. */
import { geluVector, reluVector, sigmoidVector, tanhVector } from "./activation";
import { expVector } from "./exponential";
import { afterLanes, loadLanes, storeLanes, storePair } from "./lanes";
import { logVector } from "./logarithm";

export function relu(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    storePair(y, reluVector(v128.load(x)), reluVector(v128.load(x, 16)));
  }
  for (; n > 0; n = afterLanes(n), x += 16, y += 16) storeLanes(y, reluVector(loadLanes(x, n)), n);
}

export function sigmoid(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    storePair(y, sigmoidVector(v128.load(x)), sigmoidVector(v128.load(x, 16)));
  }
  for (; n > 0; n = afterLanes(n), x += 16, y += 16) storeLanes(y, sigmoidVector(loadLanes(x, n)), n);
}

export function tanh(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    storePair(y, tanhVector(v128.load(x)), tanhVector(v128.load(x, 16)));
  }
  for (; n > 0; n = afterLanes(n), x += 16, y += 16) storeLanes(y, tanhVector(loadLanes(x, n)), n);
}

export function gelu(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    storePair(y, geluVector(v128.load(x)), geluVector(v128.load(x, 16)));
  }
  for (; n > 0; n = afterLanes(n), x += 16, y += 16) storeLanes(y, geluVector(loadLanes(x, n)), n);
}

export function exp(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    storePair(y, expVector(v128.load(x)), expVector(v128.load(x, 16)));
  }
  for (; n > 0; n = afterLanes(n), x += 16, y += 16) storeLanes(y, expVector(loadLanes(x, n)), n);
}

export function log(y: usize, x: usize, n: usize): void {
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    storePair(y, logVector(v128.load(x)), logVector(v128.load(x, 16)));
  }
  for (; n > 0; n = afterLanes(n), x += 16, y += 16) storeLanes(y, logVector(loadLanes(x, n)), n);
}

export function add(out: usize, a: usize, b: usize, n: usize): void {
  for (; n >= 8; n -= 8, a += 32, b += 32, out += 32) {
    const low = f32x4.add(v128.load(a), v128.load(b));
    storePair(out, low, f32x4.add(v128.load(a, 16), v128.load(b, 16)));
  }
  for (; n > 0; n = afterLanes(n), a += 16, b += 16, out += 16) {
    storeLanes(out, f32x4.add(loadLanes(a, n), loadLanes(b, n)), n);
  }
}

export function addBias(y: usize, x: usize, bias: usize, rows: usize, columns: usize): void {
  for (; rows > 0; rows--) {
    add(y, x, bias, columns);
    x += columns << 2;
    y += columns << 2;
  }
}

export function scale(x: usize, factor: usize, n: usize): void {
  const f = v128.load32_splat(factor);
  for (; n >= 8; n -= 8, x += 32) storePair(x, f32x4.mul(v128.load(x), f), f32x4.mul(v128.load(x, 16), f));
  for (; n > 0; n = afterLanes(n), x += 16) storeLanes(x, f32x4.mul(loadLanes(x, n), f), n);
}
