/**
 * Who has the weights of which stages, as they are after a step: the processes of the stage's gang; of pairs of layers that slices
 * divide, each its pieces. All others have room for them, and are told them between steps, for an evaluation or a checkpoint, by the
 * first of those who have them.
 *
 *     process 0   stage 0 ▓ │ stage 1 ░      between steps:  0 ── stage 0 ──▶ 1
 *     process 1   stage 0 ░ │ stage 1 ▓                      1 ── stage 1 ──▶ 0
 */
import type { Slice, Tensor } from "../graph/tensor.ts";
import type { DividedWeights } from "./paired-stages.ts";
import { gangOfStage, type Pipeline } from "./pipeline.ts";
import { overlap } from "./teams.ts";
import { processCount, type World } from "./world.ts";

export interface Holding {
  readonly gang: number;
  /** Processes that have what is theirs as the step left it, ascending, and the others. */
  readonly holders: readonly number[];
  readonly others: readonly number[];
  /** Parameters and states of optimizers, or pieces of them. */
  readonly tensors: readonly Tensor[];
}

/** Of every gang what is not divided, by gang; then of every gang and run of slices its pieces. */
export function listHoldings(
  pipeline: Pipeline,
  tensors: readonly Tensor[],
  divided: readonly DividedWeights[],
  world: World,
): Holding[] {
  const { grid, teams, plan } = pipeline;
  const isDivided = new Set(divided.map(({ tensor }) => tensor));
  const gangOf = (tensor: Tensor) => {
    const stage = plan.stageOf.get(tensor.of ?? tensor);
    return stage === undefined ? null : gangOfStage(pipeline, stage);
  };
  const processes = Array.from({ length: processCount(world) }, (_, process) => process);
  const holding = (gang: number, slices: Slice, tensors: readonly Tensor[]): Holding => {
    const own = teams.filter((team) => team.gang === gang && overlap(team.slices, slices));
    const has = (process: number) => own.some((team) => team.process === process);
    const others = processes.filter((process) => !has(process));
    return { gang, holders: processes.filter(has), others, tensors };
  };
  const gangs = Array.from({ length: grid.gangs }, (_, gang) => gang);
  const all = { first: 0, count: grid.slices };
  const whole = tensors.filter((tensor) => !isDivided.has(tensor));
  return [
    ...gangs.map((gang) => {
      const own = whole.filter((tensor) => gangOf(tensor) === gang);
      return holding(gang, all, own);
    }),
    ...gangs.flatMap((gang) => {
      const own = divided.filter((weights) => weights.gang === gang);
      const piecesOf = (owner: number) => own.map(({ pieces }) => pieces[owner]);
      return (own[0]?.cut.owners ?? []).map((slices, owner) => holding(gang, slices, piecesOf(owner)));
    }),
  ];
}
