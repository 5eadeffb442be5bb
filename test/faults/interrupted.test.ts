/** Ctrl-C, SIGTERM or the end of the terminal at any instant: the run ends in order, and nobody is left on any host. */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { hasSshd } from "../launch/sshd.ts";
import { behindSsh, type Cast, HERE, Story } from "./story.ts";

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
