import test from "ava";
import type { Op } from "../../src/graph/op.ts";
import type { Graph, Node, Shape, Tensor } from "../../src/graph/tensor.ts";
import { RANK_GAP_BYTES } from "../../src/program/columns.ts";
import { addressOf, placeValues } from "../../src/program/place.ts";

const value = (name: string, shape: Shape): Tensor => ({
  ...{ id: 0, kind: "value", type: "f32", graph: {} as Graph },
  ...{ name, shape },
});

/** A phase of nodes that each make one value, every rank its own copy. */
function everyRankMakes(values: readonly Tensor[]): Node[] {
  const op = {
    ...{ name: "statistics", kind: "forward", placement: "every" },
    axes: () => ({ roles: {}, inputs: [], outputs: [["c"]] }),
  } as unknown as Op;
  return values.map((output, id) => ({ id, op, inputs: [], outputs: [output], attributes: {} }));
}

test("every rank's copy of a value begins on a cache line of its own, behind the whole copy before", (t) => {
  const shapes: [shape: Shape, copyBytes: number][] = [
    [[1], 64],
    [[16], 64],
    [[17], 128],
    [[64], 256],
    [["batch", 3], 384],
  ];
  const tensors = shapes.map(([shape], index) => value(`v${index}`, shape));
  const phases = [everyRankMakes(tensors)];
  const values = placeValues(phases, 32, 3);
  const places = {
    named: new Map(),
    byColumns: new Map(),
    values,
    valuesBase: 1024,
    scratch: 0,
    phases,
  };
  tensors.forEach((tensor, index) => {
    const [first, second, third] = [0, 1, 2].map((rank) => addressOf(places, tensor, rank));
    t.is(second - first, shapes[index][1] + RANK_GAP_BYTES);
    t.is(third - second, shapes[index][1] + RANK_GAP_BYTES);
  });
  t.is(values.bytes, 3 * (64 + 64 + 128 + 256 + 384 + 5 * RANK_GAP_BYTES));
});

test("a value of which every rank has a copy is not overwritten by an op that works in place", (t) => {
  const [copied, made] = [value("copied", ["batch", 8]), value("made", ["batch", 8])];
  const inPlace = {
    ...{ name: "add", kind: "forward", placement: "split", inPlace: [0, 0] },
    axes: () => ({ roles: { m: "row", n: "row" }, inputs: [["m", "n"]], outputs: [["m", "n"]] }),
  } as unknown as Op;
  const node: Node = { id: 1, op: inPlace, inputs: [copied], outputs: [made], attributes: {} };
  const { offsets } = placeValues([[...everyRankMakes([copied]), node]], 4, 2);
  t.not(offsets.get(made), offsets.get(copied));
});
