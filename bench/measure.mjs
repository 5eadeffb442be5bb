// How we compare: the rivals take turns, a round of each after the other, and the medians count.

/** The middle of the values; of an even number of them the mean of the two in the middle. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Calls the `contestants` (functions, also async ones) in turn, `rounds` times; resolves to the results of each.
 * Every other round goes backwards, so that nobody always follows the same rival.
 * @param {number} rounds
 * @param {readonly (() => unknown)[]} contestants
 */
export async function takeTurns(rounds, contestants) {
  const results = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const order = contestants.map((_, index) => index);
    if (round % 2 === 1) order.reverse();
    for (const index of order) results[index].push(await contestants[index]());
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  return results;
}

/** The least and the largest of the values, as "0.41 … 0.44". */
export function spread(values, digits = 2) {
  return `${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)}`;
}

/** A table in Markdown: the names of the columns, then rows of cells; all but the first are set to the right. */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = columns.map((_, index) => (index === 0 ? "---" : "--:"));
  return [columns, rule, ...rows].map(line).join("\n");
}
