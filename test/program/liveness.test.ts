import test from "ava";
import * as fc from "fast-check";
import type { Op } from "../../src/graph/op.ts";
import type { Graph, Node, Tensor } from "../../src/graph/tensor.ts";
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
  const { lives } = livesOf({ hidden: [12], fuses: false });
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

const value = (id: number, width: number): Tensor => ({
  ...{ id, kind: "value", type: "f32", graph: {} as Graph, name: `v${id}` },
  shape: ["batch", width],
});

/** Whether a node that may work in place, and reads its input along each of `ways`, writes a value of `width` over it. */
function overwrites(ways: readonly string[][], width = 8): boolean {
  const [x, y] = [value(0, 8), value(1, width)];
  const op = (inputs: readonly string[][], inPlace?: [number, number]) =>
    ({
      ...{ name: "flip", kind: "forward", placement: "split", inPlace },
      axes: () => ({ roles: {}, inputs, outputs: [["m", "n"]] }),
    }) as unknown as Op;
  const nodes: Node[] = [
    { id: 0, op: op([]), inputs: [], outputs: [x], attributes: {} },
    { id: 1, op: op(ways, [0, 0]), inputs: ways.map(() => x), outputs: [y], attributes: {} },
  ];
  const { offsets } = planValues([nodes], (tensor) => tensorBytes(tensor, BATCH));
  return offsets.get(x) === offsets.get(y);
}

test("a value is overwritten where its last reader reads it element by element, be it twice", (t) => {
  t.true(overwrites([["m", "n"]]));
  t.true(
    overwrites([
      ["m", "n"],
      ["m", "n"],
    ]),
  );
});

test("a value that its last reader reads in two ways is not overwritten", (t) => {
  for (const second of [
    ["m", "k"],
    ["n", "m"],
    ["k", "m"],
  ]) {
    t.false(overwrites([["m", "n"], second]));
    t.false(overwrites([second, ["m", "n"]]));
  }
});

test("an op that would write a value over a smaller one is an error of that op", (t) => {
  t.true(overwrites([["m", "n"]], 3));
  t.throws(() => overwrites([["m", "n"]], 9), { message: "flip cannot write v1 over v0: it is larger" });
});
