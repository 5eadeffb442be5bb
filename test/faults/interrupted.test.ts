/** Ctrl-C, SIGTERM or the end of the terminal at any instant: the run ends in order, and nobody is left on any host. */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { hasSshd } from "../launch/sshd.ts";
import { Launched } from "../launch/stories.ts";
import { behindSsh, type Cast, HERE, Story, THREE_STAGES } from "./story.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const GONE_MS = 10_000;
const LAST_INSTANT_MS = 1500;

const draw = (numRuns: number, seed: number) =>
  fc.sample(fc.noBias(fc.tuple(fc.integer({ min: 0, max: LAST_INSTANT_MS }), fc.constantFrom(...SIGNALS))), {
    numRuns,
    seed,
  });

async function interrupt(t: ExecutionContext, cast: Cast, afterMs: number, signal: NodeJS.Signals) {
  const story = new Story(t, cast, ["--epochs", "1000000"]);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await story.strike(story.launched.process.pid as number, signal);
  await story.leavesNothing(GONE_MS, signal);
  const ended = await story.ended;
  // Until the launcher listens, a signal does what it always does.
  if (ended.signal !== null) t.deepEqual([ended.signal, ended.stdout], [signal, ""], ended.stderr);
  else {
    t.is(ended.exitCode, 130, ended.stderr);
    t.like(ended.objects.at(-1), { status: "interrupted" }, ended.stderr);
  }
}

for (const [afterMs, signal] of draw(10, 11))
  test.serial(`${signal} ${afterMs} ms after the start ends three processes in order`, (t) =>
    interrupt(t, HERE, afterMs, signal),
  );

for (const [afterMs, signal] of draw(hasSshd ? 8 : 0, 12))
  test.serial(`${signal} ${afterMs} ms after the start ends a run behind ssh in order`, async (t) =>
    interrupt(t, await behindSsh(t), afterMs, signal),
  );

/** Meetings to which all come late at random, so that a request to stop finds processes at different points. */
const LATE = { LOCKSTEP_FAULT: "delay:*:1:1" };
const EPOCHS = ["--epochs", "400"];
const GANGS: Cast = {
  hosts: [],
  remote: [],
  flags: ["--layout", "dp=2,pp=2", "--micro-batches", "3", "--ranks-per-process", "1"],
};
/** Three steps an epoch: most of the time between steps. */
const SHORT_EPOCHS = ["--batch", "200"];

async function interruptAndResume(t: ExecutionContext, cast: Cast, afterMs: number): Promise<void> {
  const job = [...SHORT_EPOCHS, ...EPOCHS];
  const story = new Story(t, cast, job, LATE);
  await story.trains();
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await story.strike(story.launched.process.pid as number, "SIGINT");
  await story.leavesNothing(GONE_MS, "SIGINT");
  const { exitCode, stderr, objects } = await story.ended;
  t.is(exitCode, 130, stderr);
  const { status, steps } = objects.at(-1) as { status: string; steps: number };
  t.is(status, "interrupted");
  t.true(steps > 0 && steps < 1200, `${steps} steps`);
  t.log(`${steps} steps`);
  const one: Cast = { hosts: [], remote: [], flags: ["--ranks", "1"] };
  const whole = await new Story(t, one, job).ended;
  const resume = ["train", "--resume", "out", "--ranks", "1", "--json"];
  const resumed = await new Launched(t, story.folder, resume).ended;
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.is(resumed.objects.at(-1)?.weightsSha256, whole.objects.at(-1)?.weightsSha256);
}

for (const [name, cast] of [
  ["three stages in three processes", THREE_STAGES],
  ["two stages of two replicas in four processes", GANGS],
] as const)
  for (const [afterMs] of draw(6, 13))
    test.serial(
      `Ctrl-C ${afterMs} ms after the first steps stops ${name} after the same one, from which one rank goes on`,
      (t) => interruptAndResume(t, cast, afterMs),
    );
