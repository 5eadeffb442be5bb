/** Twins of softmax with cross-entropy: what a row's numbers are, one class after the other. */
import { expVector } from "../exponential";
import { logVector } from "../logarithm";

function at(row: usize, class_: usize): f32 {
  return load<f32>(row + (class_ << 2));
}

function greatest(z: usize, classes: usize): f32 {
  let best: f32 = -Infinity;
  for (let j: usize = 0; j < classes; j++) if (at(z, j) > best) best = at(z, j);
  return best;
}

function power(z: f32, top: f32): f32 {
  return f32x4.extract_lane(expVector(f32x4.splat(z - top)), 0);
}

/** Classes j mod 4 alike add up in order; then (0 + 1) + (2 + 3). */
function sumOfPowers(z: usize, classes: usize, top: f32): f32 {
  let s0: f32 = 0;
  let s1: f32 = 0;
  let s2: f32 = 0;
  let s3: f32 = 0;
  for (let j: usize = 0; j < classes; j += 4) {
    s0 += power(at(z, j), top);
    if (j + 1 < classes) s1 += power(at(z, j + 1), top);
    if (j + 2 < classes) s2 += power(at(z, j + 2), top);
    if (j + 3 < classes) s3 += power(at(z, j + 3), top);
  }
  const even = s0 + s1;
  return even + (s2 + s3);
}

/** Whether the label is the lowest class with the greatest logit of a row without NaN. */
function isHit(z: usize, classes: usize, label: usize): bool {
  const top = greatest(z, classes);
  for (let j: usize = 0; j < classes; j++) if (j < label && at(z, j) === top) return false;
  return at(z, label) === top && sumOfPowers(z, classes, top) >= 0;
}

export function crossEntropy(
  losses: usize,
  correct: usize,
  z: usize,
  labels: usize,
  rows: usize,
  classes: usize,
): void {
  for (let i: usize = 0; i < rows; i++) {
    const row = z + ((i * classes) << 2);
    const label = usize(load<i32>(labels + (i << 2)));
    const top = greatest(row, classes);
    const logarithm = f32x4.extract_lane(logVector(f32x4.splat(sumOfPowers(row, classes, top))), 0);
    const distance: f32 = at(row, label) - top;
    store<f32>(losses + (i << 2), logarithm - distance);
    store<i32>(correct + (i << 2), i32(isHit(row, classes, label)));
  }
}

/** dz must not be z. */
export function crossEntropyGradient(
  dz: usize,
  z: usize,
  labels: usize,
  rows: usize,
  classes: usize,
  batch: i32,
): void {
  for (let i: usize = 0; i < rows; i++) {
    const row = z + ((i * classes) << 2);
    const top = greatest(row, classes);
    const sum = sumOfPowers(row, classes, top);
    for (let j: usize = 0; j < classes; j++) {
      const wanted: f32 = j === usize(load<i32>(labels + (i << 2))) ? 1 : 0;
      const difference: f32 = power(at(row, j), top) / sum - wanted;
      store<f32>(dz + ((i * classes + j) << 2), difference * <f32>(1.0 / <f64>batch));
    }
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
  crossEntropy(losses, correct, z, labels, rows, classes);
  crossEntropyGradient(dz, z, labels, rows, classes, batch);
}
