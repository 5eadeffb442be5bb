/** A bit of one process's weights that flips, as bad memory's do: found at the next comparison, and whose it was. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FORMS, Story } from "./story.ts";

const FLIP = "flip:1:30:3";
/** 150 steps an epoch: at its end weights are compared, too. */
const LONG_EPOCHS = ["--batch", "4", "--epochs", "100"];
const GONE_MS = 5000;

for (const form of FORMS)
  test.serial(`of three processes the one whose weights differ is named, by ${form}`, async (t) => {
    const flags = ["--ranks", "3", "--ranks-per-process", "1", "--allreduce", form, ...LONG_EPOCHS];
    const story = new Story(t, { hosts: [], remote: [], flags }, [], { LOCKSTEP_FAULT: FLIP });
    const { exitCode, stderr, objects } = await story.ended;
    await story.leavesNothing(GONE_MS, FLIP);
    t.is(exitCode, 1, stderr);
    const error = { code: "replicas-differ", rank: 1, step: 100, operation: "training: compare weights" };
    t.like(objects.at(-1)?.error, error, stderr);
    t.regex(stderr, /after 100 steps the weights of process 1 \(rank 1\) are not those of the others/);
  });

test.serial("of two processes whose weights differ neither is blamed", async (t) => {
  const flags = ["--ranks", "2", "--ranks-per-process", "1", ...LONG_EPOCHS];
  const story = new Story(t, { hosts: [], remote: [], flags }, [], { LOCKSTEP_FAULT: FLIP });
  const { exitCode, stderr, objects } = await story.ended;
  await story.leavesNothing(GONE_MS, FLIP);
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "replicas-differ", step: 100 }, stderr);
  t.regex(
    stderr,
    /after 100 steps the processes have different weights, and no majority says whose are right/,
  );
});

test.serial("no checkpoint is kept of weights on which the processes do not agree", async (t) => {
  const flags = ["--ranks", "3", "--ranks-per-process", "1", "--epochs", "3"];
  const story = new Story(t, { hosts: [], remote: [], flags }, [], { LOCKSTEP_FAULT: "flip:0:40:3" });
  const { exitCode, stderr, objects } = await story.ended;
  await story.leavesNothing(GONE_MS, "flip in the second epoch");
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "replicas-differ", rank: 0, step: 60 }, stderr);
  t.deepEqual(readdirSync(join(story.folder, "out", "checkpoints")), ["step-00000030.safetensors"]);
});
