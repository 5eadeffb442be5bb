/** Twins of the maps and their gradients: one element after the other, each alone in lane 0. */
import { geluSlopeVector, geluVector, reluVector, sigmoidVector, tanhVector } from "../activation";
import { expVector } from "../exponential";
import { logVector } from "../logarithm";

/** Element i of x, with the zeros of a tail beside it. */
function element(x: usize, i: usize): v128 {
  return v128.load32_zero(x + (i << 2));
}

function put(y: usize, i: usize, value: v128): void {
  store<f32>(y + (i << 2), f32x4.extract_lane(value, 0));
}

export function relu(y: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) put(y, i, reluVector(element(x, i)));
}

export function sigmoid(y: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) put(y, i, sigmoidVector(element(x, i)));
}

export function tanh(y: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) put(y, i, tanhVector(element(x, i)));
}

export function gelu(y: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) put(y, i, geluVector(element(x, i)));
}

export function exp(y: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) put(y, i, expVector(element(x, i)));
}

export function log(y: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) put(y, i, logVector(element(x, i)));
}

export function reluGradient(dx: usize, y: usize, dy: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const down = load<f32>(y + (i << 2)) <= 0;
    store<f32>(dx + (i << 2), down ? 0 : load<f32>(dy + (i << 2)));
  }
}

export function sigmoidGradient(dx: usize, y: usize, dy: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const value = load<f32>(y + (i << 2));
    const rest: f32 = 1 - value;
    store<f32>(dx + (i << 2), load<f32>(dy + (i << 2)) * (value * rest));
  }
}

export function tanhGradient(dx: usize, y: usize, dy: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const value = load<f32>(y + (i << 2));
    const below: f32 = 1 - value;
    const above: f32 = 1 + value;
    store<f32>(dx + (i << 2), load<f32>(dy + (i << 2)) * (below * above));
  }
}

export function geluGradient(dx: usize, x: usize, dy: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    put(dx, i, f32x4.mul(element(dy, i), geluSlopeVector(element(x, i))));
  }
}

export function add(out: usize, a: usize, b: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    store<f32>(out + (i << 2), load<f32>(a + (i << 2)) + load<f32>(b + (i << 2)));
  }
}

export function addBias(y: usize, x: usize, bias: usize, rows: usize, columns: usize): void {
  for (let i: usize = 0; i < rows; i++)
    add(y + ((i * columns) << 2), x + ((i * columns) << 2), bias, columns);
}

export function scale(x: usize, factor: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    store<f32>(x + (i << 2), load<f32>(x + (i << 2)) * load<f32>(factor));
  }
}
