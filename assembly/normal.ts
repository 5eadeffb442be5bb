/** Normal numbers from a stream of random bits, by Box and Muller: a pair from two words, whatever the slice. */
import { logVector } from "./logarithm";
import { madd } from "./madd";
import { eightBlocks, eightFit, orderBlocks, philoxBlock, placeOf, storeSlice, unitInterval } from "./random";

/** cos(π/2 · (k + f)), |f| ≤ ½, k integer: cos or sin of π/2·f by polynomials, with k's sign. @inline */
function cosineOfQuarters(k: v128, f: v128): v128 {
  const a = f32x4.mul(f, f32x4.splat(1.5707963705062866));
  const square = f32x4.mul(a, a);
  let sine = madd(square, f32x4.splat(-1.9515295891e-4), f32x4.splat(8.3321608736e-3));
  sine = madd(square, sine, f32x4.splat(-1.6666654611e-1));
  sine = madd(f32x4.mul(square, a), sine, a);
  let cosine = madd(square, f32x4.splat(2.443315711809948e-5), f32x4.splat(-1.388731625493765e-3));
  cosine = madd(square, cosine, f32x4.splat(4.166664568298827e-2));
  cosine = madd(square, cosine, f32x4.splat(-0.5));
  cosine = madd(square, cosine, f32x4.splat(1.0));
  const one = i32x4.splat(1);
  const magnitude = v128.bitselect(sine, cosine, i32x4.eq(v128.and(k, one), one));
  const sign = i32x4.shl(v128.and(i32x4.add(k, one), i32x4.splat(2)), 30);
  return v128.xor(magnitude, sign);
}

/** √(−2 ln u), u in (0, 1]. @inline */
function radiusVector(bits: v128): v128 {
  const u = f32x4.add(unitInterval(bits), f32x4.splat(5.9604645e-8));
  return f32x4.sqrt(f32x4.mul(f32x4.splat(-2.0), logVector(u)));
}

/** 4·v, v in [0, 1): an angle in quarters of a turn. @inline */
function quartersVector(bits: v128): v128 {
  return f32x4.mul(unitInterval(bits), f32x4.splat(4.0));
}

/** cos of an angle in quarters, `back` quarters earlier in each lane: sin is cos a quarter earlier. @inline */
function cosineVector(quarters: v128, back: v128): v128 {
  const whole = f32x4.nearest(quarters);
  const k = i32x4.sub(i32x4.trunc_sat_f32x4_s(whole), back);
  return cosineOfQuarters(k, f32x4.sub(quarters, whole));
}

/** Box–Muller on the pairs of lanes (0, 1) and (2, 3): √(−2 ln u) · (cos 2πv, sin 2πv). @inline */
export function normalVector(bits: v128): v128 {
  const radius = radiusVector(v128.shuffle<i32>(bits, bits, 0, 0, 2, 2));
  const quarters = quartersVector(v128.shuffle<i32>(bits, bits, 1, 1, 3, 3));
  return f32x4.mul(radius, cosineVector(quarters, i32x4(0, 1, 0, 1)));
}

/** Eight pairs whose first words stand at `at`, their second ones 32 bytes on, become normal numbers. @inline */
function eightPairs(at: usize): void {
  const radius0 = radiusVector(v128.load(at));
  const radius1 = radiusVector(v128.load(at, 16));
  const quarters0 = quartersVector(v128.load(at, 32));
  const quarters1 = quartersVector(v128.load(at, 48));
  const none = i32x4.splat(0);
  const one = i32x4.splat(1);
  v128.store(at, f32x4.mul(radius1, cosineVector(quarters1, none)), 16);
  v128.store(at, f32x4.mul(radius0, cosineVector(quarters0, none)));
  v128.store(at, f32x4.mul(radius1, cosineVector(quarters1, one)), 48);
  v128.store(at, f32x4.mul(radius0, cosineVector(quarters0, one)), 32);
}

export function normal(out: usize, stream: usize, first: u32, count: u32): void {
  if (count === 0) return;
  const end = (first + count - 1) >> 2;
  for (let index = first >> 2; index <= end; ) {
    if (eightFit(index, first, count)) {
      const at = placeOf(out, index, first);
      eightBlocks(at, stream, index);
      eightPairs(at);
      eightPairs(at + 64);
      orderBlocks(at);
      index += 8;
    } else {
      storeSlice(out, normalVector(philoxBlock(stream, index)), index, first, count);
      index++;
    }
  }
}
