/**
 * Who has the weights of which stages, as they are after a step: the processes of the stage's gang. All others have room for them, and
 * are told them between steps, for an evaluation or a checkpoint, by the first of those who have them.
 *
 *     process 0   stage 0 ▓ │ stage 1 ░      between steps:  0 ── stage 0 ──▶ 1
 *     process 1   stage 0 ░ │ stage 1 ▓                      1 ── stage 1 ──▶ 0
 */
import type { Tensor } from "../graph/tensor.ts";
import { gangOfStage, type Pipeline } from "./pipeline.ts";
import { processCount, type World } from "./world.ts";

export interface Holding {
  readonly gang: number;
  /** Processes that have what is theirs as the step left it, ascending, and the others. */
  readonly holders: readonly number[];
  readonly others: readonly number[];
  /** Parameters and states of optimizers. */
  readonly tensors: readonly Tensor[];
}

/** By gang. */
export function listHoldings(pipeline: Pipeline, tensors: readonly Tensor[], world: World): Holding[] {
  const { grid, teams, plan } = pipeline;
  const gangOf = (tensor: Tensor) => {
    const stage = plan.stageOf.get(tensor.of ?? tensor);
    return stage === undefined ? null : gangOfStage(pipeline, stage);
  };
  const processes = Array.from({ length: processCount(world) }, (_, process) => process);
  return Array.from({ length: grid.gangs }, (_, gang) => {
    const has = (process: number) => teams.some((team) => team.process === process && team.gang === gang);
    return {
      gang,
      holders: processes.filter(has),
      others: processes.filter((process) => !has(process)),
      tensors: tensors.filter((tensor) => gangOf(tensor) === gang),
    };
  });
}
