/** Any process of a run, killed at any instant: all others are gone soon, and the culprit is named. */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { hasSshd } from "../launch/sshd.ts";
import { behindSsh, type Cast, FORMS, HERE, MOSTLY_TELLING, Story, THREE_STAGES } from "./story.ts";

const SEEDS = 50;
const SSH_SEEDS = hasSshd ? 20 : 0;
const GONE_MS = 5000;
/** Nobody can be told to leave any more on the host behind it. */
const WITHOUT_SSH_MS = 10_000;
/** The launcher is not there to see to it; each must notice by itself. */
const WITHOUT_LAUNCHER_MS = 10_000;
/** From the start of the launcher into some thousand steps; ssh takes its time. */
const LAST_INSTANT_MS = 2000;
const LAST_SSH_INSTANT_MS = 3500;
const FOR_EVER = ["--epochs", "1000000"];

/** Instants, each with a number by which the victim is drawn from those who are there then. */
const draw = (lastMs: number, numRuns: number, seed: number) =>
  fc.sample(fc.noBias(fc.tuple(fc.integer({ min: 0, max: lastMs }), fc.nat(999))), { numRuns, seed });

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills somebody after so many ms; everybody else is gone, and who it was is told. */
async function killOne(
  t: ExecutionContext,
  cast: Cast,
  afterMs: number,
  number: number,
  form: string = FORMS[afterMs % FORMS.length],
): Promise<void> {
  const story = new Story(t, cast, [...FOR_EVER, "--allreduce", form]);
  await pause(afterMs);
  const { pid, name, rank } = await story.anyPart(number);
  await story.strike(pid, "SIGKILL");
  await story.leavesNothing(name === "the ssh client" ? WITHOUT_SSH_MS : GONE_MS, name);
  const { exitCode, stderr, objects } = await story.ended;
  t.is(exitCode, 1, stderr);
  const error = rank === null ? { code: "host-lost" } : { code: "process-killed", rank };
  t.like(objects.at(-1)?.error, error, stderr);
  t.true(stderr.includes(rank === null ? "the agent on 127.0.0.2 ended" : name), `${name}: ${stderr}`);
}

for (const [index, [afterMs, number]] of draw(LAST_INSTANT_MS, SEEDS - SSH_SEEDS, 4).entries())
  test.serial(
    `killed ${index + 1}: one of three processes, ${afterMs} ms after the start, takes all others with it`,
    (t) => killOne(t, HERE, afterMs, number),
  );

for (const [index, [afterMs, number]] of draw(LAST_SSH_INSTANT_MS, SSH_SEEDS, 5).entries())
  test.serial(
    `killed ${SEEDS - SSH_SEEDS + index + 1}: somebody here or behind ssh, ${afterMs} ms after the start, takes all others with it`,
    async (t) => killOne(t, await behindSsh(t), afterMs, number),
  );

for (const [what, cast] of [
  ["of one stage each", THREE_STAGES],
  ["that mostly tell each other weights", MOSTLY_TELLING],
] as const)
  for (const [afterMs, number] of draw(LAST_INSTANT_MS, 8, 8))
    test.serial(
      `one of three processes ${what}, killed ${afterMs} ms after the start, takes all others with it`,
      (t) => killOne(t, cast, afterMs, number, "auto"),
    );

/** Kills the launcher after so many ms; nobody is left on any host. */
async function killLauncher(t: ExecutionContext, cast: Cast, afterMs: number): Promise<void> {
  const story = new Story(t, cast, FOR_EVER);
  await pause(afterMs);
  await story.strike(story.launched.process.pid as number, "SIGKILL");
  await story.leavesNothing(WITHOUT_LAUNCHER_MS, "the launcher");
}

for (const [afterMs] of draw(LAST_INSTANT_MS, 8, 6))
  test.serial(`a launcher that is killed ${afterMs} ms after the start leaves nobody`, (t) =>
    killLauncher(t, HERE, afterMs),
  );

for (const [afterMs] of draw(LAST_SSH_INSTANT_MS, hasSshd ? 6 : 0, 7))
  test.serial(`a launcher that is killed ${afterMs} ms after the start leaves nobody behind ssh`, async (t) =>
    killLauncher(t, await behindSsh(t), afterMs),
  );
