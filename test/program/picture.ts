/** Draws phases as text, so that a test can show the timetable that it expects. */
import { fuse } from "../../src/graph/fuse.ts";
import type { Node } from "../../src/graph/tensor.ts";
import { type Model, mlp } from "../../src/nn/models.ts";
import type { OptimizerName } from "../../src/nn/optimizers.ts";
import { type StepGraph, trainingGraph } from "../../src/nn/step.ts";
import { cutIntoPhases } from "../../src/program/phases.ts";

export interface Job {
  hidden?: number[];
  model?: Model;
  fuses?: boolean;
  optimizer?: OptimizerName;
  clips?: boolean;
  samples?: { width: number; classes: number; count: number };
}

export function phasesOf(job: Job): { step: StepGraph; nodes: Node[]; phases: Node[][] } {
  const { hidden = [12], model = mlp(hidden, "relu"), fuses = true, optimizer = "sgd", clips = false } = job;
  const samples = job.samples ?? { width: 20, classes: 10, count: 100 };
  const step = trainingGraph(model, samples, optimizer, clips);
  const nodes = fuses ? fuse(step.graph.nodes) : step.graph.nodes;
  return { step, nodes, phases: cutIntoPhases(nodes) };
}

/** One line a phase: the ops in order, with the parameter that each writes or computes the gradient of. */
export function draw(phases: readonly (readonly Node[])[]): string[] {
  return phases.map((phase) => phase.map(label).join(" · "));
}

const SHORT: Record<string, string> = {
  matmulParameterGradient: "dW",
  matmulInputGradient: "dX",
  crossEntropyWithGradient: "loss",
  sumSamples: "db",
};

function label({ op, inputs, outputs }: Node): string {
  const parameter = outputs[0]?.of ?? inputs.find(({ kind }) => kind === "parameter");
  const name = SHORT[op.name] ?? op.name;
  return parameter
    ? `${name} ${parameter.name.replace("linear", "").replace(".weight", "W").replace(".bias", "b")}`
    : name;
}
