import test from "ava";
import { pipelineLine } from "../../src/cli/pipeline-line.ts";

test("a line says the stages of a pipeline, and its pieces", (t) => {
  const stages = [["linear1", "linear2", "linear3"], ["linear4"]];
  t.is(
    pipelineLine({ stages, microBatches: 8, schedule: "gpipe", pairs: null }),
    "2 stages (linear1–linear3, linear4), 8 micro-batches, gpipe",
  );
});

test("where layers may be paired it says which are, or that none is", (t) => {
  const one = { stages: [["linear1", "linear2"]], microBatches: 1, schedule: "1f1b" } as const;
  const words = "1 stage (linear1–linear2), 1 micro-batch, 1f1b";
  t.is(pipelineLine({ ...one, pairs: [["linear1", "linear2"]] }), `${words}, pairs linear1+linear2`);
  t.is(pipelineLine({ ...one, pairs: [] }), `${words}, no pairs of layers`);
});
