/** How long a link waits for what, ms. */
export interface Patience {
  /** Something is sent at least so often. */
  readonly beatMs: number;
  /** A warning when nothing came for so long. */
  readonly suspectMs: number;
  readonly deadMs: number;
  /** Until the other end must have greeted. */
  readonly greetMs: number;
  /** A dialer that is not answered speaks again. */
  readonly retryMs: number;
  /** A listener lets go of whoever holds its only place for so long, since it said hello if it did, and is not known. */
  readonly evictMs: number;
  /** At the end, until all others must be done, too: they evaluate and write for as long as they do, and are heard meanwhile. */
  readonly farewellMs: number;
  /** Then, for who needs nothing more to be told that the others do not, either; nobody misses that. */
  readonly releaseMs: number;
}

export const PATIENCE: Patience = {
  beatMs: 1000,
  suspectMs: 5000,
  deadMs: 15_000,
  greetMs: 30_000,
  retryMs: 300,
  evictMs: 2000,
  farewellMs: 600_000,
  releaseMs: 5000,
};
