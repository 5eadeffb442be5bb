/** Models drawn at random: values used many times or never, sums of a value with itself, layers with and without a bias. */
import * as fc from "fast-check";
import { ACTIVATIONS } from "../../src/base/config.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { add, gelu, linear, relu, sigmoid, tanh } from "../../src/nn/layers.ts";
import type { Model } from "../../src/nn/models.ts";

/** A line of a model drawn at random: what to make of which earlier values. */
export const lines = fc.array(
  fc.record({
    what: fc.constantFrom("linear", "biasless", "add", ...ACTIVATIONS),
    units: fc.constantFrom(5, 16, 33),
    first: fc.nat(20),
    second: fc.nat(20),
  }),
  { minLength: 1, maxLength: 8 },
);
export type Line = typeof lines extends fc.Arbitrary<(infer Value)[]> ? Value : never;

const activations = { relu, sigmoid, tanh, gelu };

export function drawnModel(plan: readonly Line[]): Model {
  return (x, classes) => {
    const values: Tensor[] = [linear(x, 16)];
    for (const { what, units, first, second } of plan) {
      const one = values[first % values.length];
      const alike = values.filter(({ shape }) => shape[1] === one.shape[1]);
      if (what === "linear" || what === "biasless")
        values.push(linear(one, units, { bias: what === "linear" }));
      else if (what === "add") values.push(add(one, alike[second % alike.length]));
      else values.push(activations[what](one));
    }
    return linear(values[values.length - 1], classes);
  };
}
