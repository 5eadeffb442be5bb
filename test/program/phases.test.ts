import test from "ava";
import { mayShareAPhase } from "../../src/program/split.ts";
import { draw, phasesOf } from "./picture.ts";

test("a step has two phases: own samples, then own parameters, each updated while its gradient is in the cache", (t) => {
  t.deepEqual(draw(phasesOf({ hidden: [12] }).phases), [
    "gatherBytes · matmul 1W · matmul 2W · gatherLabels · loss · dX 2W · reluGradient",
    "sumLosses · sumLosses · db 2b · sgd 2b · dW 2W · sgd 2W · db 1b · sgd 1b · dW 1W · sgd 1W",
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
  t.true(second.endsWith("db 1b · adam 1b · dW 1W · adam 1W"));
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
