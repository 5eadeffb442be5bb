/** The graphs of a training step and of an evaluation: data in, model, loss, gradients, update. */
import { InputError } from "../base/errors.ts";
import { differentiate } from "../graph/autodiff.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { crossEntropy } from "../graph/ops/loss.ts";
import { gatherBytes, gatherLabels } from "../graph/ops/source.ts";
import { sumLosses } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { HYPER } from "../kernels/abi.ts";
import { callModel } from "./call-model.ts";
import type { Model } from "./models.ts";
import { clipGradients, type OptimizerName, updateParameters } from "./optimizers.ts";

/** Width of a sample, number of classes, samples held. */
export interface Samples {
  readonly width: number;
  readonly classes: number;
  readonly count: number;
}

export interface StepGraph {
  readonly graph: GraphBuilder;
  readonly parameters: readonly Tensor[];
  readonly states: readonly Tensor[];
  readonly blocks: ReadonlyMap<string, Tensor>;
}

/** Gathers the step's samples and applies the model: what the loss is taken of. */
function logitsAndLabels(graph: GraphBuilder, model: Model, samples: Samples, prefix = ""): [Tensor, Tensor] {
  const order = graph.block(`${prefix}order`, ["batch"], "u32", "stream");
  const images = graph.block(`${prefix}images`, [samples.count, samples.width], "u8");
  const labels = graph.block(`${prefix}labels`, [samples.count], "u8");
  const [x] = graph.apply(gatherBytes, [images, order]);
  const [classOf] = graph.apply(gatherLabels, [labels, order]);
  const logits = callModel(model, x, samples.classes);
  return [logits, classOf];
}

function describe(graph: GraphBuilder): StepGraph {
  const ofKind = (kind: Tensor["kind"]) => graph.tensors.filter((tensor) => tensor.kind === kind);
  const blocks = [...ofKind("block"), ...ofKind("stream")];
  return {
    graph,
    parameters: ofKind("parameter"),
    states: ofKind("state"),
    blocks: new Map(blocks.map((tensor) => [tensor.name, tensor])),
  };
}

/** One step of training. Blocks: order, images, labels, hyper, stepLoss, epochLoss; with clipping also limit. */
export function trainingGraph(
  model: Model,
  samples: Samples,
  optimizer: OptimizerName,
  clips: boolean,
): StepGraph {
  const graph = new GraphBuilder();
  const [losses] = graph.apply(crossEntropy, logitsAndLabels(graph, model, samples));
  const loss = graph.nodes[graph.nodes.length - 1];
  const stepLoss = graph.block("stepLoss", [1], "f64");
  const epochLoss = graph.block("epochLoss", [1], "f64");
  graph.apply(sumLosses, [stepLoss, losses]);
  graph.apply(sumLosses, [epochLoss, losses], { continues: true });
  const gradients = differentiate(graph, loss);
  if (gradients.size === 0)
    throw new InputError(
      "bad-model",
      "the model has no parameters: there is nothing to train",
      "give it a linear layer",
    );
  if (clips) clipGradients(graph, gradients, graph.block("limit", [1], "f32"));
  updateParameters(graph, optimizer, gradients, graph.block("hyper", [HYPER.bytes / 4], "f32"));
  return describe(graph);
}

/** Loss and correctness of every sample, kept at the sample's place. All blocks and streams are named "test.…". */
export function evaluationGraph(model: Model, samples: Samples): StepGraph {
  const graph = new GraphBuilder();
  const inputs = logitsAndLabels(graph, model, samples, "test.");
  graph.applyKept(crossEntropy, inputs, ["test.losses", "test.correct"]);
  return describe(graph);
}
