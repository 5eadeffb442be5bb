/**
 * The stages of a pipeline whose slices divide pairs of layers (parallel/pairs.ts), as the slices of one process execute them; and
 * which process has which pieces of their weights.
 */
import type { Node, Slice, Tensor } from "../graph/tensor.ts";
import { type Cut, type CutTensor, DividedNodes } from "../parallel/divided-nodes.ts";
import { findPairs, type Pair } from "../parallel/pairs.ts";
import { type Space, Spaces } from "../parallel/spaces.ts";
import { columnsOffset } from "./columns.ts";
import { gangOfStage, type Pipeline } from "./pipeline.ts";
import type { NamedAddresses } from "./place.ts";
import { homeOf, type StagePlan } from "./stages.ts";
import { columnsOfSlices, haveColumns, type Team } from "./teams.ts";

/** A parameter, or a state of one, of which slices have pieces: as they are named and lie in every process. */
export interface DividedWeights extends CutTensor {
  readonly tensor: Tensor;
  readonly gang: number;
}

export interface PairedStages {
  readonly plan: StagePlan;
  readonly pairs: readonly Pair[];
  readonly weights: readonly DividedWeights[];
  /** What other slices make in the place of what this process makes. */
  readonly pieceOf: (tensor: Tensor, slices: Slice) => Tensor;
}

/** The slices that processes have of a gang, ascending, where each has one run of them, and no two runs overlap; else none. */
function ownersOf(teams: readonly Team[], gang: number): Slice[] {
  const own = teams.filter((team) => team.gang === gang);
  const isOwner = ({ process, slices: { first, count } }: Team) =>
    own.every(({ process: other, slices }) => {
      const isSame = slices.first === first && slices.count === count;
      const isApart = slices.first + slices.count <= first || first + count <= slices.first;
      return isSame || (isApart && other !== process);
    });
  if (!own.every(isOwner)) return [];
  const runs = new Map(own.map(({ slices }) => [slices.first, slices]));
  return [...runs.values()].sort((one, other) => one.first - other.first);
}

/** Which teams there are, and the process that looks at them. */
type View = Pick<Pipeline, "grid" | "teams" | "self">;

/** The stage of each node that belongs to one. */
const stagesByNode = ({ stages }: StagePlan): ReadonlyMap<Node, number> =>
  new Map(
    stages.flatMap(({ forward, inputGradient, weightGradient }, stage) =>
      [...forward, ...inputGradient, ...weightGradient].map((node) => [node, stage] as const),
    ),
  );

/** Which process of a stage's has which part of a space of `width` units; null where slices do not part it between processes. */
function cutOf(width: number, gang: number, { grid, teams, self }: View): Cut | null {
  const owners = ownersOf(teams, gang);
  if (owners.length < 2 || !haveColumns(width, grid.slices)) return null;
  const runs = owners.map((slices) => columnsOfSlices(width, slices, grid.slices));
  const team = teams.find((one) => one.process === self && one.gang === gang);
  const own = owners.findIndex(({ first }) => first === team?.slices.first);
  return { owners, runs, own: Math.max(0, own) };
}

export function pairStages(plan: StagePlan, nodes: readonly Node[], view: View): PairedStages {
  const { grid } = view;
  const spaces = new Spaces(nodes);
  const stageOfNode = stagesByNode(plan);
  const pairs = findPairs(nodes, spaces, ({ columns }, touching) => {
    const [stage, ...others] = new Set(touching.map((node) => stageOfNode.get(node) ?? homeOf(node, plan)));
    const isOfOne = typeof stage === "number" && others.length === 0;
    return isOfOne ? cutOf(Number(columns.shape[1]), gangOfStage({ grid }, stage), view) : null;
  });
  const cuts = new Map<Space, Cut>(pairs.map(({ space, cut }) => [space, cut]));
  const divided = new DividedNodes(spaces, cuts);
  const divide = (list: readonly Node[]) => list.flatMap((node) => divided.divide(node));
  const named = [...spaces.tensors].filter(({ kind }) => kind === "parameter" || kind === "state");
  const weights = named.flatMap((tensor): DividedWeights[] => {
    const cut = divided.cutOf(tensor);
    const stage = plan.stageOf.get(tensor.of ?? tensor) as number;
    return cut ? [{ tensor, gang: gangOfStage({ grid }, stage), ...cut }] : [];
  });
  const stages = plan.stages.map(({ forward, inputGradient, weightGradient }) => ({
    forward: divide(forward),
    inputGradient: divide(inputGradient),
    weightGradient: divide(weightGradient),
  }));
  const stageOf = new Map(plan.stageOf);
  for (const { tensor, pieces } of weights) {
    const stage = plan.stageOf.get(tensor);
    if (stage !== undefined) for (const piece of pieces) stageOf.set(piece, stage);
  }
  return {
    plan: { stages, rest: divide(plan.rest), stageOf },
    ...{ pairs, weights, pieceOf: (tensor, slices) => divided.pieceOf(tensor, slices) },
  };
}

/** The columns of every owner, by name of the weights: of those whose columns stand apart (columns.ts). */
export const columnsApart = (weights: readonly DividedWeights[]): Map<string, readonly Slice[]> =>
  new Map(weights.filter(({ axis }) => axis === 1).map(({ tensor, cut }) => [tensor.name, cut.runs]));

/** Gives every piece its address in the weights that it is of: columns that stand apart, or rows where they are. */
export function placePieces(weights: readonly DividedWeights[], addresses: NamedAddresses): void {
  for (const { tensor, axis, cut, pieces } of weights)
    for (const [owner, { first }] of cut.runs.entries()) {
      const [rows, columns = 1] = tensor.shape.map(Number);
      const offset = axis === 1 ? columnsOffset(first, rows, owner) : 4 * first * columns;
      addresses.set(pieces[owner].name, (addresses.get(tensor.name) as number) + offset);
    }
}
