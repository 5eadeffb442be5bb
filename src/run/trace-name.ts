/** Traces are named by their rank, so that names sort as ranks do: rank-0003.json.gz. */

export function traceName(rank: number): string {
  return `rank-${String(rank).padStart(4, "0")}.json.gz`;
}

/** The rank of a trace's file name, or null if it is not one. */
export function traceRank(name: string): number | null {
  const [, digits] = /^rank-(\d{4,8})\.json\.gz$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}
