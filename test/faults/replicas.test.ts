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

const GRID = ["--micro-batches", "2", "--ranks-per-process", "1"];

test.serial(
  "of three processes of a stage the one whose weights differ is named, though others were told them",
  async (t) => {
    // 100 steps an epoch, after which process 3 tells the weights of its stage to those of the other.
    const flags = ["--layout", "dp=3,pp=2", ...GRID, "--batch", "6", "--epochs", "100"];
    const story = new Story(t, { hosts: [], remote: [], flags }, [], { LOCKSTEP_FAULT: "flip:3:30:3" });
    const { exitCode, stderr, objects } = await story.ended;
    await story.leavesNothing(GONE_MS, "flip in the second stage");
    t.is(exitCode, 1, stderr);
    const error = { code: "replicas-differ", rank: 3, step: 100, operation: "training: compare weights" };
    t.like(objects.at(-1)?.error, error, stderr);
    t.regex(stderr, /after 100 steps the weights of process 3 \(rank 3\) are not those of the others/);
  },
);

for (const [when, steps, flags] of [
  ["while steps are under way", 100, LONG_EPOCHS],
  ["before a checkpoint is kept, though others were told its weights", 60, ["--epochs", "3"]],
] as const)
  test.serial(`of two processes of a stage whose weights differ neither is blamed, ${when}`, async (t) => {
    const story = new Story(
      t,
      { hosts: [], remote: [], flags: ["--layout", "dp=2,pp=2", ...GRID, ...flags] },
      [],
      { LOCKSTEP_FAULT: "flip:2:40:3" },
    );
    const { exitCode, stderr, objects } = await story.ended;
    await story.leavesNothing(GONE_MS, "flip in the second stage");
    t.is(exitCode, 1, stderr);
    t.like(objects.at(-1)?.error, { code: "replicas-differ", step: steps }, stderr);
    t.regex(
      stderr,
      RegExp(
        `after ${steps} steps process 2 \\(rank 2\\), process 3 \\(rank 3\\) have different weights, and no`,
      ),
    );
  });

test.serial("weights that only one process has are compared with nobody's", async (t) => {
  const flags = ["--layout", "pp=2", ...GRID, "--epochs", "100", "--max-steps", "120"];
  const hashes = new Set<unknown>();
  for (const LOCKSTEP_FAULT of ["flip:1:30:3", ""]) {
    const story = new Story(t, { hosts: [], remote: [], flags }, [], { LOCKSTEP_FAULT });
    const { exitCode, stderr, objects } = await story.ended;
    t.is(exitCode, 0, stderr);
    hashes.add(objects.at(-1)?.weightsSha256);
  }
  t.is(hashes.size, 2);
});

test.serial(
  "a weight that is no number in one of three processes, and unused, is found as any other",
  async (t) => {
    // It is of another's column: the process itself makes nothing of it, and all losses are numbers.
    const flags = [
      "--layout",
      "tp=3",
      "--ranks-per-process",
      "1",
      "--epochs",
      "3",
      "--collective-timeout",
      "2",
    ];
    const story = new Story(t, { hosts: [], remote: [], flags }, [], { LOCKSTEP_FAULT: "nan:1:45" });
    const { exitCode, stderr, objects } = await story.ended;
    await story.leavesNothing(GONE_MS, "nan");
    t.is(exitCode, 1, stderr);
    t.like(objects.at(-1)?.error, { code: "replicas-differ", rank: 1, step: 60 }, stderr);
  },
);

test.serial("pieces of weights that differ are found, though no process else has seen them", async (t) => {
  const flags = ["--layout", "dp=2,tp=2", "--ranks-per-process", "1", "--numerics", "fast", ...LONG_EPOCHS];
  const story = new Story(t, { hosts: [], remote: [], flags }, [], { LOCKSTEP_FAULT: "flip:2:30:3" });
  const { exitCode, stderr, objects } = await story.ended;
  await story.leavesNothing(GONE_MS, "flip in a piece");
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "replicas-differ", step: 100 }, stderr);
  t.regex(stderr, /after 100 steps process 0 \(rank 0\), process 2 \(rank 2\) have different weights/);
});
