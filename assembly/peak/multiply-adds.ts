/**
 * Multiply-adds in registers, as many at once as hide their latency: chains of c ← a·b + c that nothing but the processor's
 * own speed limits. Which number of chains suits depends on the width that the engine makes of a vector: 24 chains of four
 * lanes are 12 registers of 256 bits, 12 chains are as many of 128 bits.
 */
import { madd } from "../madd";

/**
 * 12 chains, each advanced 2·rounds times. `block` has what they work on, and takes what comes of it: a (a float), from byte
 * 64 on b (two vectors), from byte 128 on the chains.
 */
// biome-ignore format: a line for each pair of chains
export function multiplyAdds12(block: usize, rounds: i32): void {
  const chains = block + 128;
  const a = v128.load32_splat(block);
  const b0 = v128.load(block, 64), b1 = v128.load(block, 80);
  let c0 = v128.load(chains, 0), c1 = v128.load(chains, 16);
  let c2 = v128.load(chains, 32), c3 = v128.load(chains, 48);
  let c4 = v128.load(chains, 64), c5 = v128.load(chains, 80);
  let c6 = v128.load(chains, 96), c7 = v128.load(chains, 112);
  let c8 = v128.load(chains, 128), c9 = v128.load(chains, 144);
  let c10 = v128.load(chains, 160), c11 = v128.load(chains, 176);
  for (; rounds > 0; rounds--) {
    c0 = madd(a, b0, c0); c1 = madd(a, b1, c1);
    c2 = madd(a, b0, c2); c3 = madd(a, b1, c3);
    c4 = madd(a, b0, c4); c5 = madd(a, b1, c5);
    c6 = madd(a, b0, c6); c7 = madd(a, b1, c7);
    c8 = madd(a, b0, c8); c9 = madd(a, b1, c9);
    c10 = madd(a, b0, c10); c11 = madd(a, b1, c11);
    c0 = madd(a, b0, c0); c1 = madd(a, b1, c1);
    c2 = madd(a, b0, c2); c3 = madd(a, b1, c3);
    c4 = madd(a, b0, c4); c5 = madd(a, b1, c5);
    c6 = madd(a, b0, c6); c7 = madd(a, b1, c7);
    c8 = madd(a, b0, c8); c9 = madd(a, b1, c9);
    c10 = madd(a, b0, c10); c11 = madd(a, b1, c11);
  }
  v128.store(chains, c1, 16); v128.store(chains, c0, 0);
  v128.store(chains, c3, 48); v128.store(chains, c2, 32);
  v128.store(chains, c5, 80); v128.store(chains, c4, 64);
  v128.store(chains, c7, 112); v128.store(chains, c6, 96);
  v128.store(chains, c9, 144); v128.store(chains, c8, 128);
  v128.store(chains, c11, 176); v128.store(chains, c10, 160);
}

/**
 * 24 chains, each advanced 2·rounds times. `block` has what they work on, and takes what comes of it: a (a float), from byte
 * 64 on b (two vectors), from byte 128 on the chains.
 */
// biome-ignore format: a line for each pair of chains
export function multiplyAdds24(block: usize, rounds: i32): void {
  const chains = block + 128;
  const a = v128.load32_splat(block);
  const b0 = v128.load(block, 64), b1 = v128.load(block, 80);
  let c0 = v128.load(chains, 0), c1 = v128.load(chains, 16);
  let c2 = v128.load(chains, 32), c3 = v128.load(chains, 48);
  let c4 = v128.load(chains, 64), c5 = v128.load(chains, 80);
  let c6 = v128.load(chains, 96), c7 = v128.load(chains, 112);
  let c8 = v128.load(chains, 128), c9 = v128.load(chains, 144);
  let c10 = v128.load(chains, 160), c11 = v128.load(chains, 176);
  let c12 = v128.load(chains, 192), c13 = v128.load(chains, 208);
  let c14 = v128.load(chains, 224), c15 = v128.load(chains, 240);
  let c16 = v128.load(chains, 256), c17 = v128.load(chains, 272);
  let c18 = v128.load(chains, 288), c19 = v128.load(chains, 304);
  let c20 = v128.load(chains, 320), c21 = v128.load(chains, 336);
  let c22 = v128.load(chains, 352), c23 = v128.load(chains, 368);
  for (; rounds > 0; rounds--) {
    c0 = madd(a, b0, c0); c1 = madd(a, b1, c1);
    c2 = madd(a, b0, c2); c3 = madd(a, b1, c3);
    c4 = madd(a, b0, c4); c5 = madd(a, b1, c5);
    c6 = madd(a, b0, c6); c7 = madd(a, b1, c7);
    c8 = madd(a, b0, c8); c9 = madd(a, b1, c9);
    c10 = madd(a, b0, c10); c11 = madd(a, b1, c11);
    c12 = madd(a, b0, c12); c13 = madd(a, b1, c13);
    c14 = madd(a, b0, c14); c15 = madd(a, b1, c15);
    c16 = madd(a, b0, c16); c17 = madd(a, b1, c17);
    c18 = madd(a, b0, c18); c19 = madd(a, b1, c19);
    c20 = madd(a, b0, c20); c21 = madd(a, b1, c21);
    c22 = madd(a, b0, c22); c23 = madd(a, b1, c23);
    c0 = madd(a, b0, c0); c1 = madd(a, b1, c1);
    c2 = madd(a, b0, c2); c3 = madd(a, b1, c3);
    c4 = madd(a, b0, c4); c5 = madd(a, b1, c5);
    c6 = madd(a, b0, c6); c7 = madd(a, b1, c7);
    c8 = madd(a, b0, c8); c9 = madd(a, b1, c9);
    c10 = madd(a, b0, c10); c11 = madd(a, b1, c11);
    c12 = madd(a, b0, c12); c13 = madd(a, b1, c13);
    c14 = madd(a, b0, c14); c15 = madd(a, b1, c15);
    c16 = madd(a, b0, c16); c17 = madd(a, b1, c17);
    c18 = madd(a, b0, c18); c19 = madd(a, b1, c19);
    c20 = madd(a, b0, c20); c21 = madd(a, b1, c21);
    c22 = madd(a, b0, c22); c23 = madd(a, b1, c23);
  }
  v128.store(chains, c1, 16); v128.store(chains, c0, 0);
  v128.store(chains, c3, 48); v128.store(chains, c2, 32);
  v128.store(chains, c5, 80); v128.store(chains, c4, 64);
  v128.store(chains, c7, 112); v128.store(chains, c6, 96);
  v128.store(chains, c9, 144); v128.store(chains, c8, 128);
  v128.store(chains, c11, 176); v128.store(chains, c10, 160);
  v128.store(chains, c13, 208); v128.store(chains, c12, 192);
  v128.store(chains, c15, 240); v128.store(chains, c14, 224);
  v128.store(chains, c17, 272); v128.store(chains, c16, 256);
  v128.store(chains, c19, 304); v128.store(chains, c18, 288);
  v128.store(chains, c21, 336); v128.store(chains, c20, 320);
  v128.store(chains, c23, 368); v128.store(chains, c22, 352);
}
