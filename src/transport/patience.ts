/** How long the ends of a link wait for each other. */

/** Heartbeats and patience, ms. */
export interface Patience {
  readonly beatMs: number;
  readonly deadMs: number;
  /** Until the other end must have greeted. */
  readonly greetMs: number;
}

export const PATIENCE: Patience = { beatMs: 1000, deadMs: 15_000, greetMs: 30_000 };

/** A listener that nobody has greeted properly for so long lets go of whoever holds its only place. */
export const REBIND_MS = 2000;
export const REOPEN_MS = 50;
