/** A model file, for `lockstep train --model examples/residual.ts`: a residual connection around the second layer. */
import { add, gelu, linear, type Tensor } from "lockstep";

export default function residual(x: Tensor, classes: number): Tensor {
  const first = gelu(linear(x, 96));
  const second = gelu(linear(first, 96));
  return linear(add(first, second), classes);
}
