/** What the processes of an allreduce benchmark and the one that started them tell each other. */
import type { Security } from "../transport/seal.ts";
import type { AllreduceCase } from "./allreduce-case.ts";
import type { Summer } from "./allreduce-plan.ts";
import type { CallTimes } from "./sampling-plan.ts";

export interface ProcessOrder {
  readonly self: number;
  readonly processes: number;
  /** Those of this process, in their order. */
  readonly ranks: readonly number[];
  readonly addresses: readonly (readonly [peer: number, address: string])[];
  readonly security: Security;
  /** Hex. */
  readonly key: string;
  readonly cases: readonly AllreduceCase[];
  readonly budgetMs: number;
  readonly sums: Summer;
}

/** Process 0 tells what each case came to; any of them, why it failed. */
export type ProcessMessage =
  | { readonly type: "measured"; readonly one: AllreduceCase; readonly times: CallTimes }
  | { readonly type: "failed"; readonly code: string; readonly message: string; readonly fix: string };
