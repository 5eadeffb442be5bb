/** The order of an epoch's samples: a pure function of (seed, epoch), the same on every machine (NUMERICS §3.18). */
import { philoxBlock, streamKey } from "../base/philox.ts";

/**
 * Writes a permutation of 0 … into.length − 1: identity without `shuffle`, else Fisher and Yates' (Durstenfeld's form),
 * driven by Philox keyed by (seed, "order", "epoch N"). Integers only.
 */
export function epochOrder(into: Uint32Array, seed: number, epoch: number, shuffle: boolean): void {
  for (let i = 0; i < into.length; i++) into[i] = i;
  if (!shuffle) return;
  const [k0, k1] = streamKey(seed, "order", `epoch ${epoch}`);
  const block = new Uint32Array(4);
  for (let i = into.length - 1, drawn = 0; i > 0; i--) {
    // Unbiased: as many leading bits as i has, drawn again while they exceed i (less than once on average).
    const shift = Math.clz32(i);
    let j: number;
    do {
      if ((drawn & 3) === 0) philoxBlock(block, Math.floor(drawn / 4), 0, 0, 0, k0, k1);
      j = block[drawn & 3] >>> shift;
      drawn++;
    } while (j > i);
    const kept = into[i];
    into[i] = into[j];
    into[j] = kept;
  }
}
