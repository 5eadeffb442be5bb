/** What a session is made of: the model, the data, the world, and how to train. */
import type { Layout, Settings } from "../base/config.ts";
import type { NamedTensor } from "../checkpoint/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import type { CompiledKernels } from "../kernels/load.ts";
import type { Model } from "../nn/models.ts";
import type { OptimizerName } from "../nn/optimizers.ts";
import type { TraceWindow } from "../profile/step-ring.ts";
import { type World, worldRanks } from "../program/world.ts";
import type { RankJob } from "./job.ts";
import type { Connect } from "./peers.ts";
import type { PipelineWish } from "./pipeline-wish.ts";
import type { Hyperparameters } from "./state.ts";

export interface SessionOptions {
  readonly model: Model;
  readonly data: Dataset;
  readonly world: World;
  /** Needed where the world has other processes and the job trains. */
  readonly connect?: Connect;
  readonly fma: "auto" | "off";
  readonly seed: number;
  readonly shuffle: boolean;
  readonly timeoutMs: number;
  /** How processes come to the gradients; by default the form that is best, of those that keep the bits. */
  readonly numerics?: Settings["numerics"];
  readonly allreduce?: Settings["allreduce"];
  /** Where the ranks are a pipeline. */
  readonly pipeline?: PipelineWish;
  /** What a person calls the way in which the ranks are divided; by default what follows from the pipeline. */
  readonly layout?: Layout;
  /** null to evaluate only. */
  readonly training:
    | (Hyperparameters & {
        readonly optimizer: OptimizerName;
        readonly batch: number;
        readonly clipNorm: number | null;
      })
    | null;
  /** Weights to start from, instead of drawing them; with optimizer state if the job trains. */
  readonly start?: {
    readonly tensors: ReadonlyMap<string, NamedTensor>;
    readonly products: readonly [number, number];
    /** Fingerprint of the model whose weights these are, if it is known. */
    readonly modelSha256: string | null;
  };
  /** Ranks that do more than their job: the script of their threads, and what each job is given besides. */
  readonly instrument?: { readonly script: URL; readonly extend: (job: RankJob) => RankJob };
  /** The steps to trace; by default none. */
  readonly trace?: TraceWindow;
  /** Epochs whose orders are made while the ranks start: what the main thread does later takes a core from a rank. */
  readonly epochs?: readonly number[];
  /** Throws if these kernels will not do; asked before anything is allocated. */
  readonly check?: (compiled: CompiledKernels) => void;
}

/** How the ranks are divided. */
export function layoutOf({
  layout,
  pipeline,
  world,
}: Pick<SessionOptions, "layout" | "pipeline" | "world">): Layout {
  const { gangs: pp, slices: tp } = pipeline ?? { gangs: 1, slices: 1 };
  return layout ?? { dp: worldRanks(world) / (tp * pp), tp, pp };
}
