/** Whatever the layout and the form of sums, and whoever comes late to any meeting: the weights of one rank. */
import test, { type ExecutionContext } from "ava";
import { workplace } from "../cli/child.ts";
import { Launched } from "../launch/stories.ts";
import { FORMS } from "./story.ts";

/** Twelve steps of 50 samples and one of 20, twice. */
const SAMPLES = 620;
const TRAIN = [
  "train",
  "--dataset",
  "./data",
  "--batch",
  "50",
  "--epochs",
  "2",
  "--hidden",
  "137,153",
  "--json",
];
const LATE = { LOCKSTEP_FAULT: "delay:*:1:3" };

const LAYOUTS: Readonly<Record<string, readonly string[]>> = {
  "4 ranks in one process": ["--ranks", "4"],
  "2 × 2 ranks": ["--ranks", "4", "--ranks-per-process", "2"],
  "4 × 1 ranks": ["--ranks", "4", "--ranks-per-process", "1"],
  "3 + 1 ranks": ["--hosts", "localhost:3,127.0.0.1:1"],
  "5 × 1 ranks": ["--ranks", "5", "--ranks-per-process", "1"],
  "7 × 1 ranks": ["--ranks", "7", "--ranks-per-process", "1"],
};

async function hashOf(t: ExecutionContext, argv: readonly string[], environment = {}): Promise<string> {
  const { exitCode, stderr, objects } = await new Launched(t, workplace(t, SAMPLES), argv, environment).ended;
  t.is(exitCode, 0, stderr);
  t.like(objects.at(-1), { status: "ok", steps: 26 });
  return String(objects.at(-1)?.weightsSha256);
}

for (const job of [
  ["--activation", "relu", "--optimizer", "sgd"],
  ["--activation", "gelu", "--optimizer", "adam"],
]) {
  const alone = (t: ExecutionContext) => hashOf(t, [...TRAIN, ...job, "--ranks", "1"]);
  for (const [layout, flags] of Object.entries(LAYOUTS))
    test.serial(
      `${layout} that are late at random leave the weights of one, with ${job.join(" ")}`,
      async (t) => {
        const expected = await alone(t);
        for (const form of FORMS)
          t.is(await hashOf(t, [...TRAIN, ...job, ...flags, "--allreduce", form], LATE), expected, form);
      },
    );
}

for (const form of ["ring", "recursive-doubling", "halving-doubling", "naive", "parameter-server"])
  test.serial(`processes that are late at random agree on their weights, by ${form}`, async (t) => {
    const flags = [...(LAYOUTS["3 + 1 ranks"] as string[]), "--numerics", "fast", "--allreduce", form];
    // The launcher compares what each process ended with.
    t.regex(await hashOf(t, [...TRAIN, ...flags], LATE), /^[0-9a-f]{64}$/);
  });
