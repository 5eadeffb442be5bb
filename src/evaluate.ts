/** Evaluates a checkpoint on a data set's test half. */
import type { Settings } from "./base/config.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Dataset } from "./data/dataset.ts";
import type { Model } from "./nn/models.ts";
import { Session } from "./rank/session.ts";

export interface EvaluateOptions {
  readonly model: Model;
  readonly data: Dataset;
  readonly checkpoint: Checkpoint;
  readonly settings: Pick<Settings, "ranks" | "fma" | "collectiveTimeout">;
}

/** Mean loss and accuracy: the very numbers that training printed, on any number of ranks. */
export async function evaluate(
  options: EvaluateOptions,
): Promise<{ loss: number; accuracy: number; samples: number }> {
  const { model, data, checkpoint, settings } = options;
  const session = await Session.open({
    ...{ model, data, ranks: settings.ranks, fma: settings.fma, seed: 0, shuffle: false, training: null },
    timeoutMs: 1000 * settings.collectiveTimeout,
    start: { tensors: checkpoint.tensors, products: [1, 1] },
  });
  try {
    return { ...(await session.evaluate()), samples: data.test.count };
  } finally {
    await session.close();
  }
}
