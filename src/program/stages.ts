/**
 * The stages of a pipeline: which nodes each executes for a micro-batch, and which are left for the end of the step.
 *
 *     stage 0   gather · layers 1…k          │ dX of layers k…2      │ dW of layers k…1
 *     stage 1   layers k+1…L · loss          │ dX of layers L…k+1    │ dW of layers L…k+1
 *     rest      sums of losses · clipping · updates
 *
 * A stage is cut out of the list of forward nodes where a layer with weights begins. A gradient belongs to
 * the stage of the weights that it reads or is of; one that reads none, to the stage of the values that it
 * reads.
 */
import { InputError } from "../base/errors.ts";
import type { Node, Tensor } from "../graph/tensor.ts";
import { cutIntoStages } from "../parallel/stages.ts";
import { sumsOverSamples } from "./chunks.ts";
import { accessesOf } from "./split.ts";

export interface Stage {
  readonly forward: readonly Node[];
  /** Gradients of values: by samples, too. */
  readonly inputGradient: readonly Node[];
  /** Gradients of parameters: sums over samples, which go on from micro-batch to micro-batch. */
  readonly weightGradient: readonly Node[];
}

export interface StagePlan {
  readonly stages: readonly Stage[];
  /** Once a step, after all micro-batches. */
  readonly rest: readonly Node[];
  /** The stage that a parameter belongs to. */
  readonly stageOf: ReadonlyMap<Tensor, number>;
}

/** The nodes of all stages in an order in which what a node reads is made before. */
export const nodesOfStages = ({ stages }: Pick<StagePlan, "stages">): Node[] => [
  ...stages.flatMap(({ forward }) => forward),
  ...stages
    .toReversed()
    .flatMap(({ inputGradient, weightGradient }) => [...inputGradient, ...weightGradient]),
];

/** The stage of the parameter that a node reads, writes, or makes or takes on the gradient of; null for a node of no stage. */
export function homeOf(node: Node, { stageOf }: Pick<StagePlan, "stageOf">): number | null {
  for (const tensor of [...node.inputs, ...node.outputs]) {
    const stage = stageOf.get(tensor.of ?? tensor);
    if (stage !== undefined) return stage;
  }
  return null;
}

/** Whether a node makes rows of the batch, each from the same rows of what it reads. */
export function makesRows(node: Node): boolean {
  const written = accessesOf(node).find(({ writes }) => writes);
  return node.op.placement === "split" && !node.along && written?.tensor.shape[0] === "batch";
}

const isForward = (node: Node): boolean => makesRows(node) && node.op.kind === "forward";
const parametersOf = ({ inputs }: Node): Tensor[] => inputs.filter(({ kind }) => kind === "parameter");

/** The layers of a list of forward nodes: a new one begins with every node that reads parameters of its own. */
function layersOf(forward: readonly Node[]): Node[][] {
  const layers: Node[][] = [];
  const seen = new Map<Tensor, number>();
  let sources: Node[] = [];
  for (const node of forward) {
    const parameters = parametersOf(node);
    const known = parameters.map((parameter) => seen.get(parameter)).filter((layer) => layer !== undefined);
    if (known.length > 0) {
      // Parameters that are used again: all from their first use on is one layer, so that their gradients meet in one stage.
      const joined = layers.splice(Math.min(...known)).flat();
      layers.push(joined);
      for (const [parameter, layer] of seen) seen.set(parameter, Math.min(layer, layers.length - 1));
    } else if (parameters.some(({ shape }) => shape.length > 1)) layers.push([]);
    const last = layers.at(-1);
    if (last === undefined) sources.push(node);
    else {
      last.push(...sources, node);
      sources = [];
    }
    for (const parameter of parameters) if (!seen.has(parameter)) seen.set(parameter, layers.length - 1);
  }
  return layers;
}

/** Flops of a node for `batch` samples. */
function flopsOf(node: Node, batch: number): number {
  const extents = new Map(
    accessesOf(node).flatMap(({ tensor, axes }) =>
      axes.map((axis, index) => [axis, tensor.shape[index]] as const),
    ),
  );
  return node.op.cost((axis) => {
    const extent = extents.get(axis) ?? 1;
    return extent === "batch" ? batch : extent;
  }).flops;
}

/** Flops of each layer, forward, back and for its weights: the first has no gradient of its input. */
function costsOf(layers: readonly (readonly Node[])[], nodes: readonly Node[], batch: number): number[] {
  const layerOf = new Map<Tensor, number>();
  for (const [index, layer] of layers.entries())
    for (const parameter of layer.flatMap(parametersOf)) layerOf.set(parameter, index);
  const costs = layers.map(() => 0);
  for (const node of nodes) {
    const [parameter = node.outputs[0]?.of] = parametersOf(node);
    const layer = parameter && layerOf.get(parameter);
    if (layer !== undefined) costs[layer] += flopsOf(node, batch);
  }
  return costs;
}

/** How many stages a list of nodes can have. */
export const countLayers = (nodes: readonly Node[]): number => layersOf(nodes.filter(isForward)).length;

/** Throws an InputError where there are fewer layers than stages. */
export function planStages(nodes: readonly Node[], stages: number, batch: number): StagePlan {
  const layers = layersOf(nodes.filter(isForward));
  if (layers.length < stages)
    throw new InputError(
      "too-many-stages",
      `the layout has ${stages} stages, the model has ${layers.length} layers with weights`,
      `use --layout pp=${Math.max(1, layers.length)} at most`,
    );
  const borders = cutIntoStages(costsOf(layers, nodes, batch), stages);
  const stageOfNode = new Map<Node, number>();
  for (let stage = 0; stage < stages; stage++)
    for (const node of layers.slice(borders[stage], borders[stage + 1]).flat()) stageOfNode.set(node, stage);
  moveSources(nodes, stageOfNode);
  return collect(nodes, stages, stageOfNode);
}

/** What reads nothing but what every rank has is made where it is needed first. */
function moveSources(nodes: readonly Node[], stageOfNode: Map<Node, number>): void {
  for (const node of stageOfNode.keys()) {
    if (!node.inputs.every(({ kind }) => kind === "block" || kind === "stream")) continue;
    const consumers = nodes.filter(({ inputs }) => node.outputs.some((output) => inputs.includes(output)));
    const stages = consumers
      .map((consumer) => stageOfNode.get(consumer))
      .filter((stage) => stage !== undefined);
    if (stages.length > 0) stageOfNode.set(node, Math.min(...stages));
  }
}

function collect(nodes: readonly Node[], count: number, stageOfNode: Map<Node, number>): StagePlan {
  const stages = Array.from({ length: count }, () => ({
    forward: [] as Node[],
    inputGradient: [] as Node[],
    weightGradient: [] as Node[],
  }));
  const rest: Node[] = [];
  const stageOf = new Map<Tensor, number>();
  for (const [node, stage] of stageOfNode)
    for (const parameter of parametersOf(node)) stageOf.set(parameter, stage);
  const makerStage = new Map<Tensor, number>();
  for (const node of nodes) {
    const stage = stageOfNode.get(node) ?? stageOfGradient(node, stageOf, makerStage);
    if (stage === null) {
      rest.push(node);
      continue;
    }
    for (const output of node.outputs) makerStage.set(output, stage);
    const part = isForward(node) ? "forward" : makesRows(node) ? "inputGradient" : "weightGradient";
    stages[stage][part].push(node);
  }
  return { stages, rest, stageOf };
}

/** null for what belongs to the end of the step. */
function stageOfGradient(
  node: Node,
  stageOf: ReadonlyMap<Tensor, number>,
  makerStage: ReadonlyMap<Tensor, number>,
): number | null {
  if (sumsOverSamples(node)) return stageOf.get(node.outputs[0].of as Tensor) ?? null;
  if (!makesRows(node)) return null;
  const [parameter] = parametersOf(node);
  const own = parameter && stageOf.get(parameter);
  if (own !== undefined) return own;
  const made = node.inputs.map((input) => makerStage.get(input)).filter((stage) => stage !== undefined);
  return Math.min(...made);
}
