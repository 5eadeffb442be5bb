/** What is planned once links are measured fits what was made before: the same places for all that has a name. */
import test from "ava";
import { compileKernels } from "../../src/kernels/load.ts";
import { mlp } from "../../src/nn/models.ts";
import { chooseSums, formsOf, layersOf, sumPlanOf } from "../../src/plan/gradients.ts";
import { planForms, planLayout } from "../../src/rank/plan-layout.ts";
import { synthetic } from "../synthetic.ts";

const { module } = compileKernels("auto");
const BATCH = 4096;

/** Links on which few chunks pay, and those on which many do. */
const LINKS = [
  { latencyUs: 1e4, bytesPerUs: 1e5, flopsPerUs: 1e5, sharesCores: true },
  { latencyUs: 1, bytesPerUs: 100, flopsPerUs: 1e5, sharesCores: false },
];

for (const settings of [
  { numerics: "exact" },
  { numerics: "exact", allreduce: "sharded" },
  { numerics: "exact", allreduce: "ordered" },
  { numerics: "fast" },
  { numerics: "fast", allreduce: "halving-doubling" },
] as const)
  test(`whatever links are like, weights and data stay where they are, with ${Object.values(settings).join(", ")}`, (t) => {
    for (const processes of [2, 16]) {
      const world = { self: 1, ranks: Array.from({ length: processes }, (_, index) => 1 + (index % 2)) };
      const training = {
        optimizer: "adam",
        batch: BATCH,
        clipNorm: null,
        learningRate: 1,
        weightDecay: 0,
      } as const;
      const job = { model: mlp([300, 200], "relu"), data: synthetic(BATCH, 10), world, training };
      const { forms, layout, bytes } = planForms(job, module, formsOf(settings, true));
      const words = new Set(["signals", "allreduces"]);
      for (const measured of LINKS) {
        const choices = chooseSums(layersOf(layout.step.graph.nodes), BATCH, world, forms, measured);
        const chosen = planLayout(job, module, sumPlanOf(choices));
        const named = (addresses: ReadonlyMap<string, number>) =>
          [...addresses].filter(([name]) => !words.has(name));
        t.deepEqual(named(chosen.addresses), named(layout.addresses));
        t.is(chosen.namedBytes, layout.namedBytes);
        // All but the words that tell of chunks was reserved.
        t.true((chosen.addresses.get("signals") as number) <= bytes, `${processes}`);
      }
    }
  });
