/** What a rank is given at its start: plain data and shared memory, no code. */
import type { TraceWindow } from "../profile/step-ring.ts";
import type { Program } from "../program/instruction.ts";
import type { Gate } from "../program/pipeline.ts";
import type { PipelineCut } from "../program/pipeline-place.ts";
import type { Transfer } from "../program/transfers.ts";
import type { World } from "../program/world.ts";
import type { Fault } from "./fault.ts";

/** Where the ranks find what is not an instruction's argument. Byte addresses in the shared memory. */
export interface JobAddresses {
  readonly control: number;
  readonly signals: number;
  readonly gates: number;
  /** f64: sum of the step's losses. */
  readonly stepLoss: number;
  /** f64[STEP_RING] each: mean loss and duration (ms) of the latest steps. */
  readonly lossRing: number;
  readonly durationRing: number;
  /** By group of processes with the same weights: these, address and elements; nothing for groups that the process is not of. */
  readonly replicas: readonly (readonly (readonly [address: number, elements: number])[])[];
  /** The first weight, of the rank's own where ranks own columns: what an injected NaN poisons. */
  readonly firstParameter: number;
}

export interface PipelineJob extends PipelineCut {
  readonly gates: readonly Gate[];
}

export interface RankJob {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Counted within the process. */
  readonly rank: number;
  readonly ranks: number;
  readonly world: World;
  /** What training steps send from process to process. */
  readonly transfers: readonly Transfer[];
  /** Where the ranks are a pipeline: how it is cut. */
  readonly pipeline: PipelineJob | null;
  /** Samples of a full training step, and of one of an evaluation. */
  readonly batch: number;
  readonly evaluationBatch: number;
  /** Samples of an epoch, and of an evaluation. */
  readonly samples: number;
  readonly testSamples: number;
  /** null for a process that only evaluates. */
  readonly train: Program | null;
  readonly evaluate: Program;
  readonly addresses: JobAddresses;
  readonly timeoutMs: number;
  readonly fault: Fault | null;
  /** null for a rank that is not traced. */
  readonly trace: RankTrace | null;
}

export interface RankTrace {
  readonly window: TraceWindow;
  /** Of the rank's StepRing. */
  readonly numbers: Float64Array;
}

/** Steps that the rings remember; the main thread reads them several times a second. */
export const STEP_RING = 65536;

/** What a rank tells the main thread. */
export type RankMessage =
  | { readonly type: "ready" }
  | { readonly type: "done" }
  | {
      readonly type: "failed";
      readonly code: string;
      readonly message: string;
      readonly fix: string;
      readonly stack: string;
      readonly rank: number;
      readonly step: number;
      readonly operation: string;
    };
