/** A process whose main thread is stuck leaves its last transfers all the same, from wherever it is. */
import { join } from "node:path";
import test from "ava";
import { reportOf } from "../launch/flights.ts";
import { hasSshd } from "../launch/sshd.ts";
import { behindSsh, type Cast, Story } from "./story.ts";

const MODEL = ["--model", join(process.cwd(), "test", "faults", "stuck-model.mjs"), "--epochs", "1000000"];
const GONE_MS = 5000;

async function tellsItsLast(t: Parameters<typeof behindSsh>[0], cast: Cast): Promise<void> {
  const story = new Story(t, cast, MODEL);
  const { exitCode, stderr } = await story.ended;
  await story.leavesNothing(GONE_MS, "stuck");
  t.is(exitCode, 1, stderr);
  t.regex(stderr, /process 1 .*has said nothing for 15 s/);
  t.regex(reportOf(t, story.folder, 1).why, /^its main thread has not moved for 3 s$/);
  t.regex(reportOf(t, story.folder, 0).why, /process 1 .* has said nothing for 15 s|told to leave/);
}

test.serial("a process whose main thread is stuck leaves its last transfers", async (t) => {
  await tellsItsLast(t, {
    hosts: ["localhost", "127.0.0.1"],
    remote: [],
    flags: ["--hosts", "localhost:1,127.0.0.1:1"],
  });
});

(hasSshd ? test.serial : test.skip)(
  "a process on another host whose main thread is stuck leaves its last transfers here",
  async (t) => {
    const cast = await behindSsh(t);
    const [there, here] = cast.hosts;
    await tellsItsLast(t, { ...cast, flags: ["--hosts", `${here}:1,${there}:1`, ...cast.flags.slice(2)] });
  },
);
