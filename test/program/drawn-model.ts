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
    units: fc.constantFrom(5, 16, 33, 64),
    first: fc.nat(20),
    second: fc.nat(20),
  }),
  { minLength: 1, maxLength: 8 },
);
export type Line = typeof lines extends fc.Arbitrary<(infer Value)[]> ? Value : never;

const activations = { relu, sigmoid, tanh, gelu };

/** Layers that the last value does not depend on reach the logits by a way of their own: each must learn. */
export function drawnModel(plan: readonly Line[]): Model {
  return (x, classes) => {
    const values: Tensor[] = [linear(x, 16), x];
    const layers = new Set([values[0]]);
    const sources = new Map<Tensor, Tensor[]>();
    for (const { what, units, first, second } of plan) {
      const one = values[first % values.length];
      const alike = values.filter(({ shape }) => shape[1] === one.shape[1]);
      const other = alike[second % alike.length];
      const isLayer = what === "linear" || what === "biasless";
      const made = isLayer
        ? linear(one, units, { bias: what === "linear" })
        : what === "add"
          ? add(one, other)
          : activations[what](one);
      if (isLayer) layers.add(made);
      sources.set(made, what === "add" ? [one, other] : [one]);
      values.push(made);
    }
    const use = (value: Tensor) => {
      layers.delete(value);
      for (const source of sources.get(value) ?? []) use(source);
    };
    let end = values[values.length - 1];
    let logits = linear(end, classes);
    use(end);
    while (layers.size > 0) {
      end = [...layers][layers.size - 1];
      logits = add(logits, linear(end, classes));
      use(end);
    }
    return logits;
  };
}
