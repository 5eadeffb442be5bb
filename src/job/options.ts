/** What `train` and `evaluate` take and give. */
import type { Layout, Settings } from "../base/config.ts";
import type { Checkpoint, EpochRecord } from "../checkpoint/checkpoint.ts";
import type { NamedTensor } from "../checkpoint/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../nn/models.ts";
import type { GradientPlan } from "../plan/gradients.ts";
import type { TraceWindow } from "../profile/step-ring.ts";
import type { Connect } from "../rank/peers.ts";
import type { PipelineInfo } from "../rank/pipeline-layout.ts";
import type { HostFacts } from "../run/environment.ts";

/** A run's plan.json. */
export interface PlanInfo {
  readonly layout: Layout;
  /** Ranks of every process. */
  readonly processes: readonly number[];
  readonly batch: number;
  /** How processes come to the gradients, layer by layer; null where nothing was measured and chosen. */
  readonly gradients: GradientPlan | null;
  /** The stages of a pipeline; null for none. */
  readonly pipeline: PipelineInfo | null;
}

export interface StartInfo {
  /** Widths of the layers, e.g. "784-128-10". */
  readonly model: string;
  readonly parameters: number;
  readonly ranks: number;
  readonly engine: string;
  readonly fma: boolean;
  readonly kernelDigest: string;
  readonly memoryBytes: number;
  readonly samples: number;
  readonly testSamples: number;
  /** Steps of the whole run, and those that a resumed run has behind it. */
  readonly steps: number;
  readonly stepsBefore: number;
  /** How the job is divided, and why. */
  readonly plan: PlanInfo;
  /** Where the processes of a launched job run; absent for a job of this process alone. */
  readonly hosts?: readonly HostFacts[];
}

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  /** Mean loss of the latest step. */
  readonly loss: number;
  readonly samplesPerSecond: number;
  readonly secondsLeft: number;
}

/**
 * Hears what happens while a job runs; every method is called on the main thread and may be absent. What it throws ends the
 * job: the ranks stop, and `train` rejects with it.
 */
export interface Observer {
  started?(info: StartInfo): void;
  /** About ten times a second. */
  progress?(progress: Progress): void;
  /**
   * Mean losses and durations (ms) of consecutive steps, the first of which is `firstStep` (1, 2, …). No step is told twice;
   * where the main thread was blocked for 65,520 steps the oldest are left out: `firstStep` then jumps.
   */
  losses?(firstStep: number, losses: readonly number[], stepMs: readonly number[]): void;
  epoch?(record: EpochRecord): void;
  checkpoint?(path: string): void;
  /** The trace of a rank was written. */
  trace?(path: string): void;
  warning?(message: string): void;
}

/** What a job's model and data set are made from, under the command line's words. */
export type Origin = Partial<Pick<Settings, "dataset" | "model" | "hidden" | "activation">>;

/** The processes of a job that has several, as one of them sees them. */
export interface ProcessWorld {
  readonly self: number;
  /** Ranks of every process. */
  readonly ranks: readonly number[];
  /** The host of every process, as the user spells it. */
  readonly hosts: readonly string[];
  readonly connect: Connect;
}

/** What is to be traced, and where the file of each rank goes. */
export interface TraceOptions {
  readonly folder: string;
  /** By default the last ten of the first 110 that are taken. */
  readonly steps?: TraceWindow;
}

export interface TrainOptions {
  readonly model: Model;
  readonly data: Dataset;
  /** What is left out is as in the checkpoint to resume, else takes the defaults of the command line. */
  readonly settings?: Partial<Settings>;
  /** Goes into the checkpoints, so that `lockstep eval` finds model and data set by itself. */
  readonly origin?: Origin;
  /** Goes on where this checkpoint stopped. */
  readonly resume?: Checkpoint;
  /** Where checkpoints go, one at the end of every epoch and one at the end; without it none are written. */
  readonly checkpointFolder?: string;
  /** Aborted: the step in hand is finished, no other begun, a checkpoint written; the status is "interrupted". */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  /** Steps are recorded instruction by instruction; without it nothing is. */
  readonly trace?: TraceOptions;
  /** The other processes; `ranks` and `layout` of the settings then count those of all, and are by default theirs. */
  readonly world?: ProcessWorld;
}

export interface TrainResult {
  readonly status: "ok" | "interrupted" | "nonfinite";
  readonly epochs: readonly EpochRecord[];
  /** Steps of the run that are done. */
  readonly steps: number;
  readonly samplesPerSecond: number;
  readonly stepMs: { readonly p50: number; readonly p95: number };
  /** null if some weight is not finite. */
  readonly weightsSha256: string | null;
  /** Copied out of the ranks' memory when it is first asked for; until then the result keeps that memory. */
  readonly weights: readonly NamedTensor[];
  readonly engine: string;
  readonly fma: boolean;
}
