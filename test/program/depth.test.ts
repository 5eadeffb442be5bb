/** What planning costs as models grow deep: counted, not timed. */
import test from "ava";
import type { Node } from "../../src/graph/tensor.ts";
import { Arena } from "../../src/program/arena.ts";
import { allBy, isChunked, type SumForm, smallFirst } from "../../src/program/chunks.ts";
import { lower } from "../../src/program/lower.ts";
import { partition } from "../../src/program/partition.ts";
import { cutIntoPhases } from "../../src/program/phases.ts";
import { placeNamed, placeValues } from "../../src/program/place.ts";
import { planTransfers } from "../../src/program/transfers.ts";
import { Looks } from "../looks.ts";
import { phasesOf } from "./picture.ts";

const BATCH = 32;
const RANKS = 3;

/**
 * Instructions of a net of `layers` layers on one of the ranks, what they depend on, and how often planning
 * it looks at a node or an op; and of chunks that go round, if gradients do.
 */
function plan(layers: number, form: SumForm): { instructions: number; dependencies: number; looks: number } {
  const looks = new Looks();
  const { step, nodes } = phasesOf({ hidden: Array(layers - 1).fill(16), fuses: form === "exchange" });
  const sums = allBy(form);
  const seen = nodes.map((node): Node => looks.at({ ...node, op: looks.at(node.op) }));
  const phases = smallFirst(cutIntoPhases(seen, isChunked(sums)), sums);
  const named = new Map([...step.blocks.keys()].map((name) => [name, 0]));
  placeNamed(new Arena(), step, named);
  const values = placeValues(phases, BATCH, RANKS);
  const slices = partition(phases.flat(), BATCH, RANKS);
  const places = { named, byColumns: new Map(), values, valuesBase: 0, scratch: 0, phases };
  const world = { self: 0, ranks: [RANKS, 1, 1] };
  const context = { rank: 0, world, batch: BATCH, partition: slices, places, pipeline: null };
  const { instructions } = lower(context, planTransfers(phases, BATCH, world, sums));
  const dependencies = instructions.reduce((sum, { dependencies }) => sum + dependencies.length, 0);
  return { instructions: instructions.length, dependencies, looks: looks.count };
}

for (const form of ["exchange", "sharded", "ordered"] as const)
  test(`planning 150 layers takes three times the work of planning 50, ${form}`, (t) => {
    const [some, many] = [plan(50, form), plan(150, form)];
    t.true(many.instructions > 2.2 * some.instructions);
    t.true(many.dependencies < 3.3 * some.dependencies, `${many.dependencies}, ${some.dependencies}`);
    t.true(many.looks < 3.3 * some.looks, `${many.looks} looks for 150 layers, ${some.looks} for 50`);
  });
