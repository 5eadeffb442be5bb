/**
 * What follows a complete chain: bias and activation (NUMERICS §1.2), or an activation's gradient, over rows
 * of C in the cache.
 */
import { gelu, relu, sigmoid, tanh } from "../elementwise";
import { geluGradient, reluGradient, sigmoidGradient, tanhGradient } from "../gradient";
import { loadLanes, storeLanes, storePair } from "../lanes";

/** c[i] += bias[i] for n floats. */
function addBiasToRow(c: usize, bias: usize, n: i32): void {
  for (; n >= 8; n -= 8, c += 32, bias += 32) {
    const low = f32x4.add(v128.load(c), v128.load(bias));
    const high = f32x4.add(v128.load(c, 16), v128.load(bias, 16));
    storePair(c, low, high);
  }
  for (; n > 0; n -= 4, c += 16, bias += 16) {
    storeLanes(c, f32x4.add(loadLanes(c, n), loadLanes(bias, n)), n);
  }
}

/** Whether an `activation` flag (abi.ts) is that of a gradient: the operand is then a matrix like C, not a bias. */
function isGradient(activation: i32): bool {
  return activation > 4;
}

/** What `epilogue` is to be given for the part of C that begins at row i, column j. */
export function operandAt(operand: usize, activation: i32, i: i32, j: i32, cStep: usize): usize {
  if (operand === 0) return 0;
  return operand + 4 * j + (isGradient(activation) ? <usize>i * cStep : 0);
}

/** C[rows,n] = C · f′(saved), `saved` with C's row stride. */
function activationGradient(c: usize, saved: usize, rows: i32, n: i32, cStep: usize, activation: i32): void {
  for (; rows > 0; rows--, c += cStep, saved += cStep) {
    if (activation === 5) reluGradient(c, saved, c, n);
    else if (activation === 6) sigmoidGradient(c, saved, c, n);
    else if (activation === 7) tanhGradient(c, saved, c, n);
    else geluGradient(c, saved, c, n);
  }
}

/** C[rows,n] = activation(C + bias); bias may be 0 (none), `activation` is a flag of abi.ts. */
function biasAndActivation(c: usize, bias: usize, rows: i32, n: i32, cStep: usize, activation: i32): void {
  if (bias === 0 && activation === 0) return;
  for (; rows > 0; rows--, c += cStep) {
    if (bias !== 0) addBiasToRow(c, bias, n);
    if (activation === 1) relu(c, c, n);
    else if (activation === 2) sigmoid(c, c, n);
    else if (activation === 3) tanh(c, c, n);
    else if (activation === 4) gelu(c, c, n);
  }
}

/** `operand` is the bias [n], 0 for none, or with the flag of a gradient what the activation saved, [rows,n]. */
export function epilogue(c: usize, operand: usize, rows: i32, n: i32, cStep: usize, activation: i32): void {
  if (isGradient(activation)) activationGradient(c, operand, rows, n, cStep, activation);
  else biasAndActivation(c, operand, rows, n, cStep, activation);
}
