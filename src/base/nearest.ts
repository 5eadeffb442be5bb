/** "Did you mean …?": the known word nearest to a mistyped one. */

/**
 * The candidate nearest to `word`, or null if none is near: at most one edit (insert, delete, replace, swap of neighbours) for
 * every three letters of the word, and two in all. More, and any short word would be near to any other.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const limit = Math.min(2, Math.floor(word.length / 3));
  let [best, bestEdits] = [null as string | null, limit + 1];
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits && edits < candidate.length) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Damerau and Levenshtein's distance (optimal string alignment), three rows at a time. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, above[j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, above] = [above, row];
  }
  return above[b.length];
}
