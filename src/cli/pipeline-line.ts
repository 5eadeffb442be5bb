/**
 * The stages of a pipeline in one line: "2 stages (linear1–linear4, linear5–linear8), 8 micro-batches, 1f1b"; where slices may divide
 * layers in pairs, which: "1 stage (linear1–linear3), 1 micro-batch, 1f1b, pairs linear1+linear2".
 */
import type { PipelineInfo } from "../rank/pipeline-layout.ts";

export function pipelineLine({ stages, microBatches, schedule, pairs }: PipelineInfo): string {
  const spans = stages.map(([first, ...others]) => (others.length > 0 ? `${first}–${others.at(-1)}` : first));
  const counts = [counted(stages.length, "stage"), counted(microBatches, "micro-batch", "micro-batches")];
  return `${counts[0]} (${spans.join(", ")}), ${counts[1]}, ${schedule}${pairWords(pairs)}`;
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

function pairWords(pairs: PipelineInfo["pairs"]): string {
  if (pairs === null) return "";
  if (pairs.length === 0) return ", no pairs of layers";
  return `, pairs ${pairs.map((pair) => pair.join("+")).join(", ")}`;
}
