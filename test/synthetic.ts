/** A small data set made of integers, the same on every machine: classes are noisy stripes. */
import type { Dataset, Split } from "../src/data/dataset.ts";

/** A linear congruential generator (Knuth's constants): upper 8 bits of 32. */
function bytes(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}

function split(count: number, width: number, classes: number, seed: number): Split {
  const label = (sample: number) => (sample * 7 + seed) % classes;
  return {
    count,
    readImages(into) {
      const next = bytes(seed);
      for (let at = 0; at < count * width; at++) {
        const stripe = (at % width) % classes === label(Math.floor(at / width));
        into[at] = stripe ? 128 + (next() >> 1) : next() >> 1;
      }
    },
    readLabels(into) {
      for (let sample = 0; sample < count; sample++) into[sample] = label(sample);
    },
  };
}

export function synthetic(trainCount = 200, testCount = 50, width = 20, classes = 10): Dataset {
  return {
    name: "synthetic",
    shape: [width],
    width,
    classes,
    train: split(trainCount, width, classes, 1),
    test: split(testCount, width, classes, 2),
  };
}
