import test from "ava";
import * as fc from "fast-check";
import type { Node } from "../../src/graph/tensor.ts";
import { add, gelu, linear, relu, tanh } from "../../src/nn/layers.ts";
import type { Model } from "../../src/nn/models.ts";
import type { OptimizerName } from "../../src/nn/optimizers.ts";
import { predecessors } from "../../src/program/order.ts";
import { mayShareAPhase } from "../../src/program/split.ts";
import { areOrdered, searchPhases } from "./phases-by-search.ts";
import { draw, phasesOf } from "./picture.ts";

test("a step has two phases: own samples, then own parameters, each updated as its gradient is made", (t) => {
  t.deepEqual(draw(phasesOf({ hidden: [12] }).phases), [
    "gatherBytes · matmul 1W · matmul 2W · gatherLabels · loss · dX 2W",
    "sumLosses · sumLosses · db 2b · sgd 2b · db 1b · sgd 1b · matmul+sgd 1W · matmul+sgd 2W",
  ]);
});

test("clipping by the global norm takes two more phases", (t) => {
  t.deepEqual(draw(phasesOf({ hidden: [], clips: true }).phases), [
    "gatherBytes · matmul 1W · gatherLabels · loss",
    "sumLosses · sumLosses · db 1b · dW 1W",
    "squaredNorms · squaredNorms",
    "sumSquares · addSquares · clipFactor · scaleGradient · scaleGradient · sgd 1W · sgd 1b",
  ]);
});

test("Adam's clock is taken on before the barrier that the updates follow", (t) => {
  const [first, second] = draw(phasesOf({ hidden: [], optimizer: "adam" }).phases);
  t.true(first.endsWith("adamAdvance"));
  t.true(second.endsWith("db 1b · adam 1b · matmul+adam 1W"));
});

test("no two nodes of a phase touch each other's slices", (t) => {
  for (const { phases } of [
    phasesOf({ hidden: [12, 7], clips: true }),
    phasesOf({ hidden: [12, 7], optimizer: "adam" }),
  ])
    for (const phase of phases)
      phase.forEach((later, index) => {
        for (const earlier of phase.slice(0, index)) t.true(mayShareAPhase(earlier, later));
      });
});

/** A layer for every number: which earlier value it takes, which activation follows, and whether its input is added. */
const tangled =
  (choices: readonly number[]): Model =>
  (x, classes) => {
    const values = [linear(x, 9)];
    for (const choice of choices) {
      const from = values[choice % values.length];
      const made = linear([relu, tanh, gelu][choice % 3](from), 9, { bias: choice % 2 === 0 });
      values.push(
        choice % 5 < 3 ? add(made, values[values.length - 1]) : add(values[values.length - 1], made),
      );
    }
    return linear(values[values.length - 1], classes);
  };

const jobs = fc.record({
  model: fc.array(fc.nat(60), { maxLength: 5 }).map(tangled),
  fuses: fc.boolean(),
  clips: fc.boolean(),
  optimizer: fc.constantFrom<OptimizerName>("sgd", "momentum", "adam"),
});

test("phases are those of a search that asks every pair of nodes anew", (t) => {
  fc.assert(
    fc.property(jobs, (job) => {
      const { nodes, phases } = phasesOf(job);
      const ids = (list: readonly (readonly Node[])[]) => list.map((phase) => phase.map(({ id }) => id));
      t.deepEqual(ids(phases), ids(searchPhases(nodes)));
    }),
    { numRuns: 40 },
  );
});

test("a node's predecessors are the earlier nodes that touch what it writes, or write what it touches", (t) => {
  fc.assert(
    fc.property(jobs, (job) => {
      const { nodes } = phasesOf(job);
      const asked = nodes.map((node, index) =>
        nodes.slice(0, index).flatMap((earlier, at) => (areOrdered(earlier, node) ? [at] : [])),
      );
      t.deepEqual(predecessors(nodes), asked);
    }),
    { numRuns: 20 },
  );
});
