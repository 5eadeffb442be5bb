/** Twin of the fingerprint: one element after the other. */

export function fingerprint(state: usize, x: usize, n: usize): void {
  for (let i: usize = 0; i < ((n + 3) & ~3); i++) {
    const lane = state + ((i & 3) << 2);
    const bits: u32 = i < n ? load<u32>(x + (i << 2)) : 0;
    const product: u32 = (load<u32>(lane) ^ bits) * 0x9e3779b1;
    store<u32>(lane, product ^ (product >> 15));
  }
}
