/** What a job tells of itself before its first step. */
import type { Settings } from "../base/config.ts";
import { elementCount } from "../graph/tensor.ts";
import type { Session } from "../rank/session.ts";
import type { StartInfo, TrainOptions } from "./options.ts";

export function startInfo(
  session: Session,
  settings: Settings,
  { data, world }: Pick<TrainOptions, "data" | "world">,
  steps: number,
  stepsBefore: number,
): StartInfo {
  const { compiled, layout, memoryBytes, gradients } = session;
  const { parameters } = layout.step;
  const matrices = parameters.filter(({ shape }) => shape.length === 2);
  return {
    model: [data.width, ...matrices.map(({ shape }) => shape[1])].join("-"),
    parameters: parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    ranks: settings.ranks,
    engine: compiled.engine,
    fma: compiled.fma,
    kernelDigest: compiled.digest,
    memoryBytes,
    samples: data.train.count,
    testSamples: data.test.count,
    steps,
    stepsBefore,
    plan: {
      layout: settings.layout,
      processes: world?.ranks ?? [settings.ranks],
      batch: settings.batch,
      gradients,
      pipeline: layout.pipelineInfo,
    },
  };
}
