/** What follows a complete chain: the bias, then the activation (NUMERICS §1.2), over rows of C still in the cache. */
import { gelu, relu, sigmoid, tanh } from "../elementwise";
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

/** C[rows,n] = activation(C + bias); bias may be 0 (none), `activation` is a flag of abi.ts. */
export function epilogue(c: usize, bias: usize, rows: i32, n: i32, cStep: usize, activation: i32): void {
  if (bias === 0 && activation === 0) return;
  for (; rows > 0; rows--, c += cStep) {
    if (bias !== 0) addBiasToRow(c, bias, n);
    if (activation === 1) relu(c, c, n);
    else if (activation === 2) sigmoid(c, c, n);
    else if (activation === 3) tanh(c, c, n);
    else if (activation === 4) gelu(c, c, n);
  }
}
