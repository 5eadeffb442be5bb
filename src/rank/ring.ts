/** A ring of numbers in shared memory: the latest of a sequence that never ends. */

/** `count` numbers of a ring, from the `first` that was ever put in. */
export function fromRing(ring: Float64Array, first: number, count: number): number[] {
  const start = first % ring.length;
  const behind = Math.max(0, start + count - ring.length);
  const numbers = Array.from(ring.subarray(start, start + count - behind));
  return behind > 0 ? numbers.concat(Array.from(ring.subarray(0, behind))) : numbers;
}
