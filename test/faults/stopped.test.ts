/** A part of a run that is stopped (SIGSTOP): for ever it is named, and ends the run; for three seconds it changes nothing. */
import test from "ava";
import { hasSshd } from "../launch/sshd.ts";
import { behindSsh, HERE, Story, THREE_STAGES } from "./story.ts";

/** Fifteen seconds of silence are a death; the rest is for the end. */
const GONE_MS = 20_000;
const FOR_EVER = ["--epochs", "1000000"];
const STEPS = ["--epochs", "1000000", "--max-steps", "6000"];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const [index, cast, who] of [
  [0, HERE, "of three"],
  [1, HERE, "of three"],
  [2, HERE, "of three"],
  [0, THREE_STAGES, "of three of a stage each"],
  [1, THREE_STAGES, "of three of a stage each"],
] as const)
  test(`process ${index} ${who}, stopped for ever, is named, and nobody is left`, async (t) => {
    const story = new Story(t, cast, FOR_EVER);
    await story.trains();
    const { pid, name, rank } = await story.part(new RegExp(`^process ${index} `));
    await story.strike(pid, "SIGSTOP");
    await story.leavesNothing(GONE_MS, name);
    const { exitCode, stderr, objects } = await story.ended;
    t.is(exitCode, 1, stderr);
    t.like(objects.at(-1)?.error, { rank, host: HERE.hosts[index] }, stderr);
    t.true(stderr.includes(`${name} has said nothing for 15 s`), stderr);
  });

const story = hasSshd ? test : test.skip;

for (const who of ["the ssh client", "the agent", "process 0"])
  story(`${who}, stopped for ever, is named by its host, and nobody is left`, async (t) => {
    const story = new Story(t, await behindSsh(t), FOR_EVER);
    await story.trains();
    const { pid } = await story.part(new RegExp(`^${who}`));
    await story.strike(pid, "SIGSTOP");
    await story.leavesNothing(GONE_MS, who);
    const { exitCode, stderr, objects } = await story.ended;
    t.is(exitCode, 1, stderr);
    t.regex(
      stderr,
      who === "process 0" ? /process 0 .* said nothing/ : /(from|the agent on) 127\.0\.0\.2 (for 15 s|ended)/,
    );
    t.like(objects.at(-1), { status: "failed" });
  });

for (const [index, form, cast] of [
  [0, "exchange", HERE],
  [2, "sharded", HERE],
  [1, "ordered", HERE],
  [1, "auto", THREE_STAGES],
] as const)
  test.serial(
    `process ${index}, stopped for three seconds, ends with the weights of one rank (${cast === HERE ? form : "three stages"})`,
    async (t) => {
      const alone = new Story(t, { hosts: [], remote: [], flags: ["--ranks", "1"] }, STEPS);
      const expected = (await alone.ended).objects.at(-1);
      const story = new Story(t, cast, [...STEPS, "--allreduce", form]);
      await story.trains();
      const { pid } = await story.part(new RegExp(`^process ${index} `));
      await story.strike(pid, "SIGSTOP");
      await pause(3000);
      process.kill(pid, "SIGCONT");
      const { exitCode, stderr, objects } = await story.ended;
      t.is(exitCode, 0, stderr);
      t.like(objects.at(-1), { status: "ok", steps: 6000, weightsSha256: expected?.weightsSha256 });
    },
  );
