/** What training.test.ts and its processes tell each other. */
import type { Settings } from "../../src/base/config.ts";
import type { Security } from "../../src/transport/seal.ts";

export interface ProcessOrder {
  readonly self: number;
  readonly ranks: readonly number[];
  /** By peer. */
  readonly addresses: readonly (readonly [number, string])[];
  readonly security: Security;
  readonly settings: Partial<Settings>;
  readonly key: string;
  /** Stops the run when so many epochs are done. */
  readonly stopsAfter?: number;
}

export interface ProcessOutcome {
  readonly status: string;
  readonly weightsSha256: string | null;
  readonly steps: number;
  readonly losses: readonly number[];
  readonly error: Record<string, unknown> | null;
}
