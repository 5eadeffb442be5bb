/** Softmax with cross-entropy, row by row. A row's sum has four fixed lanes, element j in lane j mod 4 (NUMERICS §1.5). */
import { expVector } from "./exponential";
import { afterLanes, loadLanes, loadLanesOver, storeLanes, sumOfLanes } from "./lanes";
import { logVector } from "./logarithm";

/** The greatest of a row's `classes` floats, in every lane; NaNs are passed over. @inline */
function rowMaximum(z: usize, classes: usize): v128 {
  const lowest = f32x4.splat(-Infinity);
  let greatest = lowest;
  for (let n = classes; n > 0; n = afterLanes(n), z += 16) {
    greatest = f32x4.pmax(greatest, loadLanesOver(lowest, z, n));
  }
  greatest = f32x4.pmax(greatest, v128.shuffle<f32>(greatest, greatest, 2, 3, 0, 1));
  return f32x4.pmax(greatest, v128.shuffle<f32>(greatest, greatest, 1, 0, 3, 2));
}

/** Σ e^(z − greatest) of a row. With `store`, each e^(z − greatest) goes to `powers`, which may be z. @inline */
function rowSum(powers: usize, z: usize, greatest: v128, classes: usize, store: bool): f32 {
  let sums = f32x4.splat(0.0);
  for (let n = classes; n > 0; n = afterLanes(n), z += 16, powers += 16) {
    // Lanes past the row hold −∞, whose power is +0: they add real terms.
    const power = expVector(f32x4.sub(loadLanesOver(f32x4.splat(-Infinity), z, n), greatest));
    sums = f32x4.add(sums, power);
    if (store) storeLanes(powers, power, n);
  }
  return sumOfLanes(sums);
}

/** The first class whose logit is the greatest. @inline */
function firstMaximum(z: usize, greatest: v128, classes: usize): usize {
  for (let j: usize = 0; j < classes; j += 4) {
    const mask = i32x4.bitmask(f32x4.eq(loadLanes(z + (j << 2), classes - j), greatest));
    if (mask !== 0) return j + ctz(mask);
  }
  return classes;
}

/** The row's powers e, in dz, become (e / sum − onehot) · scale. @inline */
function rowGradient(dz: usize, sum: f32, label: i32, classes: usize, scale: v128): void {
  const divisor = f32x4.splat(sum);
  const wanted = i32x4.splat(label);
  let index = i32x4(0, 1, 2, 3);
  for (let n = classes; n > 0; n = afterLanes(n), dz += 16) {
    const onehot = v128.and(i32x4.eq(index, wanted), f32x4.splat(1.0));
    const p = f32x4.div(loadLanes(dz, n), divisor);
    storeLanes(dz, f32x4.mul(f32x4.sub(p, onehot), scale), n);
    index = i32x4.add(index, i32x4.splat(4));
  }
}

/** fround(1/batch) in every lane. @inline */
function batchScale(batch: i32): v128 {
  return f32x4.splat(<f32>(1.0 / <f64>batch));
}

/** losses[i] = ln(sum) − (z[label] − greatest); correct[i] is 0 where the sum is no number. @inline */
function rowLoss(loss: usize, correct: usize, logit: f32, greatest: v128, sum: f32, hit: bool): void {
  const logarithm = f32x4.extract_lane(logVector(f32x4.splat(sum)), 0);
  store<f32>(loss, logarithm - (logit - f32x4.extract_lane(greatest, 0)));
  store<i32>(correct, i32(hit && sum >= 0.0));
}

export function crossEntropy(
  losses: usize,
  correct: usize,
  z: usize,
  labels: usize,
  rows: usize,
  classes: usize,
): void {
  for (; rows > 0; rows--, losses += 4, correct += 4, labels += 4, z += classes << 2) {
    const label = load<i32>(labels);
    const greatest = rowMaximum(z, classes);
    const sum = rowSum(0, z, greatest, classes, false);
    const hit = firstMaximum(z, greatest, classes) === usize(label);
    rowLoss(losses, correct, load<f32>(z + (usize(label) << 2)), greatest, sum, hit);
  }
}

export function crossEntropyGradient(
  dz: usize,
  z: usize,
  labels: usize,
  rows: usize,
  classes: usize,
  batch: i32,
): void {
  const scale = batchScale(batch);
  for (; rows > 0; rows--, labels += 4, z += classes << 2, dz += classes << 2) {
    const sum = rowSum(dz, z, rowMaximum(z, classes), classes, true);
    rowGradient(dz, sum, load<i32>(labels), classes, scale);
  }
}

export function crossEntropyWithGradient(
  dz: usize,
  losses: usize,
  correct: usize,
  z: usize,
  labels: usize,
  rows: usize,
  classes: usize,
  batch: i32,
): void {
  const scale = batchScale(batch);
  for (; rows > 0; rows--, losses += 4, correct += 4, labels += 4, z += classes << 2, dz += classes << 2) {
    const label = load<i32>(labels);
    const greatest = rowMaximum(z, classes);
    // Before the powers overwrite z, where dz is z.
    const logit = load<f32>(z + (usize(label) << 2));
    const hit = firstMaximum(z, greatest, classes) === usize(label);
    const sum = rowSum(dz, z, greatest, classes, true);
    rowLoss(losses, correct, logit, greatest, sum, hit);
    rowGradient(dz, sum, label, classes, scale);
  }
}
