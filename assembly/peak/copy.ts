/** Copies floats as plainly as an engine can: what a kernel that reads and writes memory is measured by. */
import { afterLanes, loadLanes, storeLanes, storePair } from "../lanes";

/** to[i] = from[i], i < n; the two do not overlap. */
export function copyFloats(to: usize, from: usize, n: usize): void {
  for (; n >= 16; n -= 16, from += 64, to += 64) {
    const low = v128.load(from, 32);
    const high = v128.load(from, 48);
    storePair(to, v128.load(from), v128.load(from, 16));
    storePair(to + 32, low, high);
  }
  for (; n > 0; n = afterLanes(n), from += 16, to += 16) storeLanes(to, loadLanes(from, n), n);
}
