/** The twin of the normal numbers: each draws its whole block for itself. */
import { normalVector } from "../normal";
import { philoxBlock } from "../random";

export function normal(out: usize, stream: usize, first: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const e = first + i;
    const four = normalVector(philoxBlock(stream, e >> 2));
    const lane = e & 3;
    let value = f32x4.extract_lane(four, 0);
    if (lane === 1) value = f32x4.extract_lane(four, 1);
    if (lane === 2) value = f32x4.extract_lane(four, 2);
    if (lane === 3) value = f32x4.extract_lane(four, 3);
    store<f32>(out + (usize(i) << 2), value);
  }
}
