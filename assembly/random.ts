/**
 * Streams of random numbers: value(i) = philox(i >> 2)[i & 3] (NUMERICS §3.17), so that any rank makes any slice.
 * The generator is Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11).
 */
import { logVector } from "./logarithm";
import { madd } from "./madd";

/** The four values of counter (index, 0, counter2, counter3) under the STREAM block's key. @inline */
export function philoxBlock(stream: usize, index: u32): v128 {
  let key0 = load<u32>(stream);
  let key1 = load<u32>(stream, 4);
  let x0 = index;
  let x1: u32 = 0;
  let x2 = load<u32>(stream, 8);
  let x3 = load<u32>(stream, 12);
  for (let round = 0; round < 10; round++) {
    const product0 = u64(x0) * 0xd2511f53;
    const product1 = u64(x2) * 0xcd9e8d57;
    x0 = u32(product1 >> 32) ^ x1 ^ key0;
    x1 = u32(product1);
    x2 = u32(product0 >> 32) ^ x3 ^ key1;
    x3 = u32(product0);
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  const two = i32x4.replace_lane(i32x4.splat(x0), 1, x1);
  return i32x4.replace_lane(i32x4.replace_lane(two, 2, x2), 3, x3);
}

/** u = (bits >> 8) · 2⁻²⁴, in [0, 1). @inline */
function unitInterval(bits: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8)), f32x4.splat(5.9604645e-8));
}

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

/** Box–Muller on the pairs of lanes (0, 1) and (2, 3): √(−2 ln u) · (cos 2πv, sin 2πv), u in (0, 1]. @inline */
export function normalVector(bits: v128): v128 {
  const u = f32x4.add(unitInterval(v128.shuffle<i32>(bits, bits, 0, 0, 2, 2)), f32x4.splat(5.9604645e-8));
  const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2.0), logVector(u)));
  const quarters = f32x4.mul(unitInterval(v128.shuffle<i32>(bits, bits, 1, 1, 3, 3)), f32x4.splat(4.0));
  const whole = f32x4.nearest(quarters);
  // sin is cos a quarter earlier.
  const k = i32x4.sub(i32x4.trunc_sat_f32x4_s(whole), i32x4(0, 1, 0, 1));
  return f32x4.mul(radius, cosineOfQuarters(k, f32x4.sub(quarters, whole)));
}

/** Lane `lane` of x to `pointer`. @inline */
function storeLane(pointer: usize, x: v128, lane: u32): void {
  if (lane === 0) v128.store32_lane(pointer, x, 0);
  else if (lane === 1) v128.store32_lane(pointer, x, 1);
  else if (lane === 2) v128.store32_lane(pointer, x, 2);
  else v128.store32_lane(pointer, x, 3);
}

/** Of x, the values of block `index`, those among first … first + count − 1 to their places from `out` on. @inline */
function storeSlice(out: usize, x: v128, index: u32, first: u32, count: u32): void {
  const place = (index << 2) - first;
  if (place < count && count - place >= 4) {
    v128.store(out + (usize(place) << 2), x);
  } else {
    for (let lane: u32 = 0; lane < 4; lane++) {
      const at = place + lane; // wraps below `first`, far above `count`
      if (at < count) storeLane(out + (usize(at) << 2), x, lane);
    }
  }
}

export function philox(out: usize, stream: usize, first: u32, count: u32): void {
  if (count === 0) return;
  const end = (first + count - 1) >> 2;
  for (let index = first >> 2; index <= end; index++)
    storeSlice(out, philoxBlock(stream, index), index, first, count);
}

export function uniform(out: usize, stream: usize, first: u32, count: u32): void {
  if (count === 0) return;
  const low = v128.load32_splat(stream, 16);
  const span = f32x4.sub(v128.load32_splat(stream, 20), low);
  const end = (first + count - 1) >> 2;
  for (let index = first >> 2; index <= end; index++) {
    const x = f32x4.add(low, f32x4.mul(span, unitInterval(philoxBlock(stream, index))));
    storeSlice(out, x, index, first, count);
  }
}

export function normal(out: usize, stream: usize, first: u32, count: u32): void {
  if (count === 0) return;
  const end = (first + count - 1) >> 2;
  for (let index = first >> 2; index <= end; index++) {
    storeSlice(out, normalVector(philoxBlock(stream, index)), index, first, count);
  }
}
