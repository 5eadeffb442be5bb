/** The setting that was probably meant by a word that is none: a near miss, or what other trainers call it. */
import { nearest } from "./nearest.ts";

const ELSEWHERE: Readonly<Record<string, string>> = {
  "learning-rate": "lr",
  "batch-size": "batch",
  workers: "ranks",
  threads: "ranks",
  "hidden-size": "hidden",
  data: "dataset",
};

/** One of `settings`, or null. */
export function nearestSetting(word: string, settings: readonly string[]): string | null {
  const elsewhere = Object.hasOwn(ELSEWHERE, word) ? ELSEWHERE[word] : null;
  return elsewhere !== null && settings.includes(elsewhere) ? elsewhere : nearest(word, settings);
}
