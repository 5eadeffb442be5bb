/** An observer is the program's own code: what it throws ends the job, and comes through as it is. */
import test from "ava";
import type { Observer } from "../../src/job/options.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const mine = new Error("mine");
const fail = () => {
  throw mine;
};

/** Long enough for a tick; the steps are 400,000. */
const settings = { ranks: 2, batch: 20, epochs: 400, lr: 0.01 };
const data = synthetic(20_000, 50);

for (const method of ["started", "progress", "losses", "epoch", "checkpoint"] as const)
  test(`what an observer's ${method} throws ends the run, long before its last step`, async (t) => {
    const observer: Observer = { [method]: fail };
    const checkpointFolder = method === "checkpoint" ? temporaryFolder(t) : undefined;
    const options = { model: mlp([8], "relu"), data, settings, observer, checkpointFolder };
    t.is(await t.throwsAsync(train(options)), mine);
  });
