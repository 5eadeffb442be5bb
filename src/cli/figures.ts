/** Figures of benchmarks as people read them: three digits are all that they are good for. */

/** 3.82 µs, 46.3 µs, 6.05 ms, 1.23 s: never wider than seven characters. */
export function microseconds(us: number): string {
  if (!Number.isFinite(us)) return "?";
  if (us < 999.5) return `${digits(us)} µs`;
  return us < 999_500 ? `${digits(us / 1e3)} ms` : `${digits(us / 1e6)} s`;
}

/** 138.7, 51.8, 0.81: a rate in GFLOP/s or GB/s. */
export function giga(rate: number): string {
  if (!Number.isFinite(rate)) return "?";
  return rate.toFixed(rate >= 10 ? 1 : 2);
}

export const share = (percent: number): string =>
  Number.isFinite(percent) ? `${percent.toFixed(0)} %` : "?";

/** Three digits, without an exponent. */
function digits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
