/** What the tests of collectives share: lists run in seeded orders, and what each algorithm's sums must be, spelt out. */

import type { ActionList } from "../../src/collective/action.ts";
import { ALLREDUCES, type AllreduceName, listsOf } from "../../src/collective/algorithms.ts";
import { chunkOf } from "../../src/collective/chunk.ts";
import { simulate } from "./simulate.ts";

export const SIZES = Array.from({ length: 16 }, (_, i) => i + 2);

/** Lengths at which things break. */
export const countsOf = (size: number): number[] => [
  ...new Set([0, 1, size - 1, size, size + 1, 4 * size + 3, 67]),
];

/** xorshift32 as numbers from 0 up to 1. */
export function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export function run(lists: readonly ActionList[], inputs: readonly number[][], seed: number, window: number) {
  const buffers = inputs.map((input) => [...input]);
  const add = (left: number, right: number) => Math.fround(left + right);
  simulate({ lists, buffers, add, random: randomOf(seed), window });
  return buffers;
}

export const allreduceLists = (name: AllreduceName, size: number, count: number, segment: number) =>
  listsOf(ALLREDUCES[name], size, count, segment);

/** Inputs whose sum depends on the order: of very different sizes, both signs. */
export function roughInputs(size: number, count: number, seed: number): number[][] {
  const random = randomOf(seed);
  return Array.from({ length: size }, () =>
    Array.from({ length: count }, () => Math.fround((random() - 0.5) * 2 ** Math.floor(24 * random()))),
  );
}

const sum = (left: number, right: number): number => Math.fround(left + right);

/** x0 + x1 + x2 …, one after the other. */
const ascending = (values: readonly number[]): number => values.reduce(sum);

/** ((x[c+1] + x[c+2]) + …) + x[c] */
function round(values: readonly number[], chunk: number): number {
  return ascending(values.map((_, i) => values[(chunk + 1 + i) % values.length]));
}

/** Pairs until a power of two is left; then halves onto each other, the nearest or the farthest partners first. */
function tree(values: readonly number[], farthestFirst: boolean): number {
  const positions = 2 ** Math.floor(Math.log2(values.length));
  const pairs = values.length - positions;
  let level = Array.from({ length: positions }, (_, i) =>
    i < pairs ? sum(values[2 * i], values[2 * i + 1]) : values[i + pairs],
  );
  while (level.length > 1) {
    const half = level.length / 2;
    level = Array.from({ length: half }, (_, i) =>
      farthestFirst ? sum(level[i], level[i + half]) : sum(level[2 * i], level[2 * i + 1]),
    );
  }
  return level[0];
}

/** The sum of element `index` of `count`, member by member in `values`, as the algorithm's file says that it is made. */
export function specifiedSum(
  name: AllreduceName,
  values: readonly number[],
  index: number,
  count: number,
): number {
  if (name === "naive" || name === "parameter-server") return ascending(values);
  if (name === "recursive-doubling") return tree(values, false);
  if (name === "halving-doubling") return tree(values, true);
  const chunk = values.findIndex((_, i) => {
    const { first, count: many } = chunkOf(count, values.length, i);
    return index >= first && index < first + many;
  });
  return round(values, chunk);
}
