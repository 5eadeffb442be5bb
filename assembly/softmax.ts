/** Softmax with cross-entropy, row by row. A row's sum has four fixed lanes, class j in lane j mod 4 (NUMERICS §1.5). */
import { expOfNegative } from "./exponential";
import { afterLanes, loadLanes, loadLanesOver, storeLanes, storePair, sumOfLanes } from "./lanes";
import { logVector } from "./logarithm";

/** The greatest of a row's `classes` floats, in every lane; NaNs are passed over. @inline */
function rowMaximum(z: usize, classes: usize): v128 {
  const lowest = f32x4.splat(-Infinity);
  let greatest = lowest;
  let other = lowest;
  let n = classes;
  for (; n >= 8; n -= 8, z += 32) {
    greatest = f32x4.pmax(greatest, v128.load(z));
    other = f32x4.pmax(other, v128.load(z, 16));
  }
  for (; n > 0; n = afterLanes(n), z += 16) greatest = f32x4.pmax(greatest, loadLanesOver(lowest, z, n));
  greatest = f32x4.pmax(greatest, other);
  greatest = f32x4.pmax(greatest, v128.shuffle<f32>(greatest, greatest, 2, 3, 0, 1));
  return f32x4.pmax(greatest, v128.shuffle<f32>(greatest, greatest, 1, 0, 3, 2));
}

/** Σ e^(z − greatest) of a row. With `store`, each e^(z − greatest) goes to `powers`, which may be z. @inline */
function rowSum(powers: usize, z: usize, greatest: v128, classes: usize, store: bool): f32 {
  let sums = f32x4.splat(0.0);
  let n = classes;
  for (; n >= 8; n -= 8, z += 32, powers += 32) {
    const low = expOfNegative(f32x4.sub(v128.load(z), greatest));
    const high = expOfNegative(f32x4.sub(v128.load(z, 16), greatest));
    if (store) storePair(powers, low, high);
    sums = f32x4.add(f32x4.add(sums, low), high);
  }
  for (; n > 0; n = afterLanes(n), z += 16, powers += 16) {
    // Lanes past the row take e^0, which is fast, and add +0, as e^−∞ would, which is slow: it underflows.
    const power = v128.and(
      expOfNegative(f32x4.sub(loadLanesOver(greatest, z, n), greatest)),
      i32x4.gt_u(i32x4.splat(n), i32x4(0, 1, 2, 3)),
    );
    sums = f32x4.add(sums, power);
    if (store) storeLanes(powers, power, n);
  }
  return sumOfLanes(sums);
}

/** The first class whose logit is the greatest. @inline */
function firstMaximum(z: usize, greatest: v128, classes: usize): usize {
  let j: usize = 0;
  for (; j + 8 <= classes; j += 8) {
    const at = z + (j << 2);
    const low = f32x4.eq(v128.load(at), greatest);
    const high = f32x4.eq(v128.load(at, 16), greatest);
    if (v128.any_true(v128.or(low, high))) break;
  }
  for (; j < classes; j += 4) {
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
  let n = classes;
  for (; n >= 8; n -= 8, dz += 32) {
    const low = f32x4.div(v128.load(dz), divisor);
    const high = f32x4.div(v128.load(dz, 16), divisor);
    const next = i32x4.add(index, i32x4.splat(4));
    const onehot0 = v128.and(i32x4.eq(index, wanted), f32x4.splat(1.0));
    const onehot1 = v128.and(i32x4.eq(next, wanted), f32x4.splat(1.0));
    storePair(dz, f32x4.mul(f32x4.sub(low, onehot0), scale), f32x4.mul(f32x4.sub(high, onehot1), scale));
    index = i32x4.add(next, i32x4.splat(4));
  }
  for (; n > 0; n = afterLanes(n), dz += 16) {
    const onehot = v128.and(i32x4.eq(index, wanted), f32x4.splat(1.0));
    const p = f32x4.div(loadLanes(dz, n), divisor);
    storeLanes(dz, f32x4.mul(f32x4.sub(p, onehot), scale), n);
    index = i32x4.add(index, i32x4.splat(4));
  }
}

/**
 * Leaves in losses[i] the logit minus the greatest, and in correct[i], as f32, the row's sum, below zero if the label is
 * not the best class: `finishLosses` takes the logarithms of many rows at once.
 * @inline
 */
function beginLoss(loss: usize, correct: usize, distance: f32, sum: f32, hit: bool): void {
  store<f32>(loss, distance);
  store<f32>(correct, hit ? sum : -sum);
}

/** losses[i] = ln(sum) − (logit − greatest). @inline */
function lossVector(distance: v128, signedSum: v128): v128 {
  return f32x4.sub(logVector(f32x4.abs(signedSum)), distance);
}

/** correct[i] = 1 where the sum is above zero; it is not where it is NaN. @inline */
function correctVector(signedSum: v128): v128 {
  return v128.and(f32x4.gt(signedSum, f32x4.splat(0.0)), i32x4.splat(1));
}

/** What `beginLoss` left of `rows` rows becomes their losses and correctness. @inline */
function finishLosses(losses: usize, correct: usize, rows: usize): void {
  for (; rows >= 8; rows -= 8, losses += 32, correct += 32) {
    const low = v128.load(correct);
    const high = v128.load(correct, 16);
    storePair(losses, lossVector(v128.load(losses), low), lossVector(v128.load(losses, 16), high));
    storePair(correct, correctVector(low), correctVector(high));
  }
  for (; rows > 0; rows = afterLanes(rows), losses += 16, correct += 16) {
    const sums = loadLanes(correct, rows);
    storeLanes(losses, lossVector(loadLanes(losses, rows), sums), rows);
    storeLanes(correct, correctVector(sums), rows);
  }
}

/** fround(1/batch) in every lane. @inline */
function batchScale(batch: i32): v128 {
  return f32x4.splat(<f32>(1.0 / <f64>batch));
}

export function crossEntropy(
  losses: usize,
  correct: usize,
  z: usize,
  labels: usize,
  rows: usize,
  classes: usize,
): void {
  for (let i: usize = 0; i < rows; i++, z += classes << 2) {
    const label = load<i32>(labels + (i << 2));
    const greatest = rowMaximum(z, classes);
    const distance = load<f32>(z + (usize(label) << 2)) - f32x4.extract_lane(greatest, 0);
    const hit = firstMaximum(z, greatest, classes) === usize(label);
    const sum = rowSum(0, z, greatest, classes, false);
    beginLoss(losses + (i << 2), correct + (i << 2), distance, sum, hit);
  }
  finishLosses(losses, correct, rows);
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
  for (let i: usize = 0; i < rows; i++, z += classes << 2, dz += classes << 2) {
    const label = load<i32>(labels + (i << 2));
    const greatest = rowMaximum(z, classes);
    // Before the powers overwrite z, where dz is z.
    const distance = load<f32>(z + (usize(label) << 2)) - f32x4.extract_lane(greatest, 0);
    const hit = firstMaximum(z, greatest, classes) === usize(label);
    const sum = rowSum(dz, z, greatest, classes, true);
    beginLoss(losses + (i << 2), correct + (i << 2), distance, sum, hit);
    rowGradient(dz, sum, label, classes, scale);
  }
  finishLosses(losses, correct, rows);
}
