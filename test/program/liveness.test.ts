import test from "ava";
import * as fc from "fast-check";
import { planValues } from "../../src/program/liveness.ts";
import { tensorBytes } from "../../src/program/place.ts";
import { accessesOf } from "../../src/program/split.ts";
import { type Job, phasesOf } from "./picture.ts";

const BATCH = 7;

/** For every value: its bytes in memory, and the first and last phase that touches it. */
function livesOf(job: Job) {
  const { phases } = phasesOf(job);
  const { offsets, bytes } = planValues(phases, (tensor) => tensorBytes(tensor, BATCH));
  const lives = [...offsets].map(([tensor, offset]) => {
    const touching = phases.flatMap((nodes, phase) =>
      nodes.some((node) => accessesOf(node).some((access) => access.tensor === tensor)) ? [phase] : [],
    );
    const [first, last] = [Math.min(...touching), Math.max(...touching)];
    return { tensor, offset, end: offset + tensorBytes(tensor, BATCH), first, last };
  });
  return { lives, bytes, phases };
}

test("an activation's gradient is written over the gradient that it takes", (t) => {
  const { lives } = livesOf({ hidden: [12] });
  const at = (op: string) => lives.find(({ tensor }) => tensor.name.startsWith(op))?.offset;
  t.is(at("reluGradient"), at("matmulInputGradient"));
});

test("values alive in one phase share no byte, unless one is the other's result in place", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom("sgd", "momentum", "adam"),
      (hidden, clips, optimizer) => {
        const { lives, phases, bytes } = livesOf({ hidden, clips, optimizer: optimizer as Job["optimizer"] });
        const inPlace = new Set(
          phases.flat().flatMap(({ op, inputs, outputs }) => {
            const [output, input] = op.inPlace ?? [-1, -1];
            return output < 0 ? [] : [`${inputs[input].id} ${outputs[output].id}`];
          }),
        );
        for (const one of lives)
          for (const other of lives) {
            if (one.tensor.id >= other.tensor.id || inPlace.has(`${one.tensor.id} ${other.tensor.id}`))
              continue;
            const together = one.first <= other.last && other.first <= one.last;
            const overlap = one.offset < other.end && other.offset < one.end;
            t.false(together && overlap, `${one.tensor.name} and ${other.tensor.name}`);
          }
        t.true(lives.every(({ end }) => end <= bytes));
      },
    ),
    { numRuns: 40 },
  );
});
