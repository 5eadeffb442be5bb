/** Vectors to and from a row of floats: pairs in the form that V8 makes 256-bit vectors of, and the row's last lanes. */

/** Eight floats to `pointer`. V8's revectorizer pairs two stores only if the upper one comes first. @inline */
export function storePair(pointer: usize, low: v128, high: v128): void {
  v128.store(pointer, high, 16);
  v128.store(pointer, low);
}

/** The first min(n, 4) ≥ 1 floats at `pointer`, the lanes above them from `fill`; nothing past them is read. @inline */
export function loadLanesOver(fill: v128, pointer: usize, n: usize): v128 {
  if (n >= 4) return v128.load(pointer);
  if (n === 1) return v128.load32_lane(pointer, fill, 0);
  const two = v128.load64_lane(pointer, fill, 0);
  return n === 2 ? two : v128.load32_lane(pointer, two, 2, 8);
}

/** The same over zeros. @inline */
export function loadLanes(pointer: usize, n: usize): v128 {
  return loadLanesOver(f32x4.splat(0.0), pointer, n);
}

/** The first min(n, 4) ≥ 1 lanes of `x` to `pointer`; nothing past them is written. @inline */
export function storeLanes(pointer: usize, x: v128, n: usize): void {
  if (n >= 4) {
    v128.store(pointer, x);
  } else if (n === 1) {
    v128.store32_lane(pointer, x, 0);
  } else {
    v128.store64_lane(pointer, x, 0);
    if (n === 3) v128.store32_lane(pointer, x, 2, 8);
  }
}

/** How many floats a step over min(n, 4) leaves. @inline */
export function afterLanes(n: usize): usize {
  return n >= 4 ? n - 4 : 0;
}

/** (0 + 1) + (2 + 3): the one order in which four partial sums become one (NUMERICS §1.5). @inline */
export function sumOfLanes(x: v128): f32 {
  const even = f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1);
  return even + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}
