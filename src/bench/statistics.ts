/** What many samples of one thing come to. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
}

/** The value below which a share (0 … 1) of the values lies, between two of them by straight line. NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low === undefined ? Number.NaN : low + (high - low) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function spreadOf(values: readonly number[]): Spread {
  return { min: quantile(values, 0), median: median(values), p95: quantile(values, 0.95) };
}
