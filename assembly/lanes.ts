/** Loads and stores of the last one to three floats of a row: the other lanes hold `fill`, and nothing past the end is touched. */

/** The first `count` (1 … 4) floats at `pointer`; the lanes above them hold `fill`'s. */
export function loadLanes(pointer: usize, count: usize, fill: v128): v128 {
  if (count >= 4) return v128.load(pointer);
  if (count == 1) return v128.load32_lane(pointer, fill, 0);
  const two = v128.load64_lane(pointer, fill, 0);
  return count == 2 ? two : v128.load32_lane(pointer, two, 2, 8);
}

/** The first `count` (1 … 4) lanes of `x` to `pointer`. */
export function storeLanes(pointer: usize, x: v128, count: usize): void {
  if (count >= 4) {
    v128.store(pointer, x);
  } else if (count == 1) {
    v128.store32_lane(pointer, x, 0);
  } else {
    v128.store64_lane(pointer, x, 0);
    if (count == 3) v128.store32_lane(pointer, x, 2, 8);
  }
}
