/** How samples fall into batches, and a batch's rows to ranks. All integers; computed once, not in a step. */

/** Consecutive rows of a batch: first, first + 1 … first + rows − 1. */
export interface Share {
  readonly first: number;
  readonly rows: number;
}

/**
 * The first row of a batch of `batch` that falls to `rank` of `ranks`; with rank = ranks, the row after all.
 * Allocates nothing.
 */
export function firstRow(batch: number, rank: number, ranks: number): number {
  const least = Math.floor(batch / ranks);
  return rank * least + Math.min(rank, batch - least * ranks);
}

/**
 * The rows of a batch of `batch` that fall to `rank` of `ranks`: contiguous, in rank order, covering exactly, uneven by
 * at most one (the lower ranks have one more). With fewer rows than ranks the last ones have none.
 */
export function share(batch: number, rank: number, ranks: number): Share {
  const first = firstRow(batch, rank, ranks);
  return { first, rows: firstRow(batch, rank + 1, ranks) - first };
}

/** Steps of an epoch; the last batch may be short, and is trained. */
export function batchCount(samples: number, batch: number): number {
  return Math.ceil(samples / batch);
}

/** Samples of batch `index` (0 … batchCount − 1). */
export function batchSize(samples: number, batch: number, index: number): number {
  return Math.min(batch, samples - index * batch);
}
