/** Which layers, and which gradients, fall to which stage. */
import test from "ava";
import { type Model, mlp } from "../../src/nn/models.ts";
import { trainingGraph } from "../../src/nn/step.ts";
import { planStages } from "../../src/program/stages.ts";

function stagesOf(model: Model, stages: number): string[] {
  const { graph } = trainingGraph(model, { width: 784, classes: 10, count: 100 }, "sgd", false);
  const plan = planStages(graph.nodes, stages, 64);
  return plan.stages.map(({ forward, inputGradient, weightGradient }) => {
    const names = (nodes: typeof forward) => nodes.map(({ op }) => op.name).join(" ");
    const of = weightGradient.map(({ outputs }) => outputs[0].of?.name).join(" ");
    return `${names(forward)} │ ${names(inputGradient)} │ ${of}`;
  });
}

test("a stage has its layers, the gradients that their weights take part in, and those of their weights", (t) => {
  t.deepEqual(stagesOf(mlp([40, 30], "relu"), 2), [
    "gatherBytes matmul addBias relu │ reluGradient │ linear1.bias linear1.weight",
    "gatherLabels matmul addBias relu matmul addBias crossEntropy │ " +
      "crossEntropyGradient matmulInputGradient reluGradient matmulInputGradient │ " +
      "linear3.bias linear3.weight linear2.bias linear2.weight",
  ]);
});

test("the first layer, which makes no gradient of its input, counts for two thirds of another as large", (t) => {
  const [first] = stagesOf(mlp([784, 784, 784], "relu"), 2);
  t.true(first.endsWith("linear2.bias linear2.weight linear1.bias linear1.weight"), first);
});
