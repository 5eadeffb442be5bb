/** Evaluates a checkpoint on a data set's test half. */
import type { Settings } from "./base/config.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Dataset } from "./data/dataset.ts";
import { checkFmaClass } from "./job/fit.ts";
import { completeSettings } from "./job/settings.ts";
import type { Model } from "./nn/models.ts";
import { alone } from "./program/world.ts";
import { Session } from "./rank/session.ts";

export interface EvaluateOptions {
  readonly model: Model;
  readonly data: Dataset;
  readonly checkpoint: Checkpoint;
  /** What is left out takes the defaults of the command line. */
  readonly settings?: Partial<Pick<Settings, "ranks" | "fma" | "collectiveTimeout">>;
}

/**
 * Mean loss and accuracy: the very numbers that training printed, on any number of ranks. Weights that were trained with
 * plain multiply-adds are evaluated with them. Throws InputError `other-model` where the model is not the checkpoint's,
 * `fma-mismatch` where the weights were trained with fused multiply-adds and this process has none.
 */
export async function evaluate(
  options: EvaluateOptions,
): Promise<{ loss: number; accuracy: number; samples: number }> {
  const { model, data, checkpoint } = options;
  const { ranks, fma, collectiveTimeout } = completeSettings(options.settings);
  const session = await Session.open({
    ...{ model, data, seed: 0, shuffle: false, training: null },
    world: alone(ranks),
    fma: checkpoint.state.fma ? fma : "off",
    timeoutMs: 1000 * collectiveTimeout,
    start: { tensors: checkpoint.tensors, products: [1, 1], modelSha256: checkpoint.state.modelSha256 },
    check: ({ fma }) => checkFmaClass(checkpoint, fma),
  });
  try {
    return { ...(await session.evaluate()), samples: data.test.count };
  } finally {
    await session.close();
  }
}
