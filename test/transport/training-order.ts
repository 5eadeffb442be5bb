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
}

export interface ProcessOutcome {
  readonly weightsSha256: string | null;
  readonly steps: number;
  readonly losses: readonly number[];
  readonly error: Record<string, unknown> | null;
}
