/** How a buffer is cut: one chunk a member, and long chunks into segments, so that one's sum overlaps the next one's transfer. */

/** Elements from `first`, `count` of them. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

const LINE_ELEMENTS = 16;
/** Shorter chunks begin anywhere. */
const ALIGNED_FROM_ELEMENTS = 16 * LINE_ELEMENTS;

/**
 * Where chunk `index` of `parts` begins, or for index = parts the last one ends: at borders of cache lines,
 * unless chunks are short.
 */
export function chunkBorder(count: number, parts: number, index: number): number {
  if (index >= parts) return count;
  const border = Math.floor((count * index) / parts);
  return count < ALIGNED_FROM_ELEMENTS * parts ? border : border - (border % LINE_ELEMENTS);
}

/** Chunks `index` … `index + many − 1`, as one range. */
export function chunkOf(count: number, parts: number, index: number, many = 1): Range {
  const first = chunkBorder(count, parts, index);
  return { first, count: chunkBorder(count, parts, index + many) - first };
}

/** The range in pieces of `most` elements, the last one shorter; of an empty range, none. */
export function segmentsOf({ first, count }: Range, most: number): Range[] {
  const pieces = Math.ceil(count / most);
  return Array.from({ length: pieces }, (_, i) => ({
    first: first + i * most,
    count: Math.min(most, count - i * most),
  }));
}
