/** The stages of a pipeline in one line: "2 stages (linear1–linear4, linear5–linear8), 8 micro-batches, 1f1b". */
import type { PipelineInfo } from "../rank/pipeline-layout.ts";

export function pipelineLine({ stages, microBatches, schedule }: PipelineInfo): string {
  const spans = stages.map(([first, ...others]) => (others.length > 0 ? `${first}–${others.at(-1)}` : first));
  const slices = microBatches === 1 ? "1 micro-batch" : `${microBatches} micro-batches`;
  return `${stages.length} stages (${spans.join(", ")}), ${slices}, ${schedule}`;
}
