/**
 * Streams of random numbers: value(i) = philox(i >> 2)[i & 3] (NUMERICS §3.17), so that any rank makes any slice.
 * The generator is Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11). Eight blocks that lie
 * whole in a slice are made together, a block a lane; at its ends each is made alone.
 */
import { afterLanes, loadLanes, storeLanes, storePair } from "./lanes";

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

/** The upper words of the products of four counters. @inline */
function upperWords(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** And the lower words. @inline */
function lowerWords(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

/**
 * Blocks index … index + 7, a block a lane: word w of the eight goes to out + 32·w. Two vectors of them, x and y, hide each
 * other's latency.
 */
export function eightBlocks(out: usize, stream: usize, index: u32): void {
  let key0 = v128.load32_splat(stream);
  let key1 = v128.load32_splat(stream, 4);
  let x0 = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  let y0 = i32x4.add(i32x4.splat(index), i32x4(4, 5, 6, 7));
  let x1 = i32x4.splat(0);
  let y1 = x1;
  let x2 = v128.load32_splat(stream, 8);
  let y2 = x2;
  let x3 = v128.load32_splat(stream, 12);
  let y3 = x3;
  const factor0 = i32x4.splat(0xd2511f53);
  const factor1 = i32x4.splat(0xcd9e8d57);
  for (let round = 0; round < 10; round++) {
    const xLow0 = i64x2.extmul_low_i32x4_u(x0, factor0);
    const xHigh0 = i64x2.extmul_high_i32x4_u(x0, factor0);
    const xLow1 = i64x2.extmul_low_i32x4_u(x2, factor1);
    const xHigh1 = i64x2.extmul_high_i32x4_u(x2, factor1);
    const yLow0 = i64x2.extmul_low_i32x4_u(y0, factor0);
    const yHigh0 = i64x2.extmul_high_i32x4_u(y0, factor0);
    const yLow1 = i64x2.extmul_low_i32x4_u(y2, factor1);
    const yHigh1 = i64x2.extmul_high_i32x4_u(y2, factor1);
    x0 = v128.xor(v128.xor(upperWords(xLow1, xHigh1), x1), key0);
    x1 = lowerWords(xLow1, xHigh1);
    x2 = v128.xor(v128.xor(upperWords(xLow0, xHigh0), x3), key1);
    x3 = lowerWords(xLow0, xHigh0);
    y0 = v128.xor(v128.xor(upperWords(yLow1, yHigh1), y1), key0);
    y1 = lowerWords(yLow1, yHigh1);
    y2 = v128.xor(v128.xor(upperWords(yLow0, yHigh0), y3), key1);
    y3 = lowerWords(yLow0, yHigh0);
    key0 = i32x4.add(key0, i32x4.splat(0x9e3779b9));
    key1 = i32x4.add(key1, i32x4.splat(0xbb67ae85));
  }
  v128.store(out, x0);
  v128.store(out, y0, 16);
  v128.store(out, x1, 32);
  v128.store(out, y1, 48);
  v128.store(out, x2, 64);
  v128.store(out, y2, 80);
  v128.store(out, x3, 96);
  v128.store(out, y3, 112);
}

/** Four blocks, given by words, in the order of the stream: block b's words to out + 16·b. @inline */
function storeBlocks(out: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5));
  v128.store(out, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), 16);
  v128.store(out, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), 32);
  v128.store(out, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), 48);
}

/** Eight blocks, at `at` by words, go there in the order of the stream. @inline */
export function orderBlocks(at: usize): void {
  const y0 = v128.load(at, 16);
  const y1 = v128.load(at, 48);
  const y2 = v128.load(at, 80);
  const y3 = v128.load(at, 112);
  storeBlocks(at, v128.load(at), v128.load(at, 32), v128.load(at, 64), v128.load(at, 96));
  storeBlocks(at + 64, y0, y1, y2, y3);
}

/** u = (bits >> 8) · 2⁻²⁴, in [0, 1). @inline */
export function unitInterval(bits: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8)), f32x4.splat(5.9604645e-8));
}

/** Lane `lane` of x to `pointer`. @inline */
function storeLane(pointer: usize, x: v128, lane: u32): void {
  if (lane === 0) v128.store32_lane(pointer, x, 0);
  else if (lane === 1) v128.store32_lane(pointer, x, 1);
  else if (lane === 2) v128.store32_lane(pointer, x, 2);
  else v128.store32_lane(pointer, x, 3);
}

/** Of x, the values of block `index`, those among first … first + count − 1 to their places from `out` on. @inline */
export function storeSlice(out: usize, x: v128, index: u32, first: u32, count: u32): void {
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

/** Whether blocks index … index + 7 lie whole in the slice first … first + count − 1. @inline */
export function eightFit(index: u32, first: u32, count: u32): bool {
  const place = (index << 2) - first; // wraps below `first`, far above `count`
  return place < count && count - place >= 32;
}

/** Where value 0 of block `index` belongs. @inline */
export function placeOf(out: usize, index: u32, first: u32): usize {
  return out + (usize((index << 2) - first) << 2);
}

export function philox(out: usize, stream: usize, first: u32, count: u32): void {
  if (count === 0) return;
  const end = (first + count - 1) >> 2;
  for (let index = first >> 2; index <= end; ) {
    if (eightFit(index, first, count)) {
      const at = placeOf(out, index, first);
      eightBlocks(at, stream, index);
      orderBlocks(at);
      index += 8;
    } else {
      storeSlice(out, philoxBlock(stream, index), index, first, count);
      index++;
    }
  }
}

/** low + span · u @inline */
function uniformVector(bits: v128, low: v128, span: v128): v128 {
  return f32x4.add(low, f32x4.mul(span, unitInterval(bits)));
}

export function uniform(out: usize, stream: usize, first: u32, count: u32): void {
  philox(out, stream, first, count);
  const low = v128.load32_splat(stream, 16);
  const span = f32x4.sub(v128.load32_splat(stream, 20), low);
  let n = usize(count);
  for (; n >= 8; n -= 8, out += 32) {
    storePair(out, uniformVector(v128.load(out), low, span), uniformVector(v128.load(out, 16), low, span));
  }
  for (; n > 0; n = afterLanes(n), out += 16) storeLanes(out, uniformVector(loadLanes(out, n), low, span), n);
}
