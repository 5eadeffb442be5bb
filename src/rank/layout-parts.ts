/** The graphs of training and of evaluation, on their way to the programs of a process. */
import type { Dataset } from "../data/dataset.ts";
import { fuse } from "../graph/fuse.ts";
import type { Node, Tensor } from "../graph/tensor.ts";
import type { Model } from "../nn/models.ts";
import type { OptimizerName } from "../nn/optimizers.ts";
import { evaluationGraph, type StepGraph, trainingGraph } from "../nn/step.ts";
import type { ColumnFamilies } from "../parallel/columns.ts";
import { divideByUnits, layersByUnits, type UnitPolicy } from "../parallel/units.ts";
import { allBy, isChunked, type SumPlan, smallFirst } from "../program/chunks.ts";
import { columnsApart, type DividedWeights } from "../program/paired-stages.ts";
import type { Partition } from "../program/partition.ts";
import { cutIntoPhases } from "../program/phases.ts";
import { alone, processCount, type World } from "../program/world.ts";
import { checkSameCalls } from "./fingerprint.ts";
import { type CutPipeline, cutIntoPipeline } from "./pipeline-layout.ts";
import type { PipelineWish } from "./pipeline-wish.ts";

/** Test samples that a rank evaluates at once. */
const EVALUATION_ROWS = 96;

export interface PartOptions {
  readonly model: Model;
  readonly data: Dataset;
  readonly world: World;
  /** null for a process that only evaluates: no gradients, no training data. */
  readonly training: {
    readonly optimizer: OptimizerName;
    readonly clips: boolean;
    readonly batch: number;
  } | null;
  /** Merge ops (default), or keep every op an instruction of its own: same bits, for tests. */
  readonly fuses?: boolean;
  /** Which layers to divide by units: same bits, for tests. */
  readonly units?: UnitPolicy;
  /** How processes come to the gradients; by the exchange of factors unless it says otherwise. */
  readonly sums?: SumPlan;
  /** Where the ranks are a pipeline: its gangs, and what each does in turn. */
  readonly pipeline?: PipelineWish;
}

/** A graph on its way to programs. */
export interface Part {
  readonly world: World;
  readonly step: StepGraph;
  readonly phases: readonly (readonly Node[])[];
  readonly byColumns: ColumnFamilies;
  /** By family: columns that stand apart, though no node is divided along them. */
  readonly apart: Partition;
  readonly batch: number;
  readonly sums: SumPlan;
  readonly cut: CutPipeline | null;
}

export function planParts(options: PartOptions): { train: Part | null; evaluate: Part } {
  const { model, data, world, training, fuses = true } = options;
  const ranks = world.ranks[world.self];
  // A pipeline hands over what its gradients are made of.
  const isOne = processCount(world) === 1 || options.pipeline !== undefined;
  const sums = isOne || !options.sums ? allBy("exchange") : options.sums;
  const isKept = (parameter: Tensor) =>
    sums.formOf(parameter) !== "exchange" || options.pipeline !== undefined;
  const nodesOf = ({ graph }: StepGraph) => (fuses ? fuse(graph.nodes, isKept) : graph.nodes);
  let byUnits: ReadonlySet<string> = new Set();
  const part = (step: StepGraph, batch: number, world: World): Part => {
    const { nodes, byColumns } = divideByUnits(nodesOf(step), byUnits);
    return {
      world,
      step,
      phases: smallFirst(cutIntoPhases(nodes, isChunked(sums)), sums),
      byColumns,
      apart: new Map(),
      batch,
      sums,
      cut: null,
    };
  };
  const samples = (count: number) => ({ width: data.width, classes: data.classes, count });
  const evaluationBatch = Math.min(EVALUATION_ROWS * ranks, data.test.count);
  const evaluation = evaluationGraph(model, samples(data.test.count));
  // Every process evaluates all test samples: no other would have its result sooner.
  if (!training) return { train: null, evaluate: part(evaluation, evaluationBatch, alone(ranks)) };
  const { optimizer, clips, batch } = training;
  const step = trainingGraph(model, samples(data.train.count), optimizer, clips);
  checkSameCalls(evaluation.graph, step.graph);
  // Between processes a message costs more than all that units save.
  const units = processCount(world) > 1 || options.pipeline ? "never" : options.units;
  byUnits = layersByUnits(nodesOf(step), batch, ranks, units);
  const whole = part(step, batch, world);
  const cut = options.pipeline ? cutIntoPipeline(whole, options.pipeline, world) : null;
  const evaluate = part(evaluation, evaluationBatch, alone(ranks));
  if (cut === null) return { train: whole, evaluate };
  const { weights } = cut.paired;
  const train = { ...whole, cut, phases: cut.phases };
  return { train: withApart(train, weights), evaluate: withApart(evaluate, weights) };
}

/** A part, its weights stored as slices that divide layers in pairs need them. */
function withApart(part: Part, weights: readonly DividedWeights[]): Part {
  const columns = columnsApart(weights);
  if (columns.size === 0) return part;
  const familyOf = (name: string) => `columns of ${name}`;
  const { parameters, states } = part.step;
  const named = [...parameters, ...states].filter(({ name }) => columns.has(name));
  const byColumns = new Map(named.map((tensor) => [tensor, familyOf(tensor.name)]));
  return { ...part, byColumns, apart: new Map([...columns].map(([name, runs]) => [familyOf(name), runs])) };
}
