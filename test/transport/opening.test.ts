/** How links open: only between processes of one run that were started alike, over whatever wire. */
import test from "ava";
import { LockstepError } from "../../src/base/errors.ts";
import { openTeam, pattern } from "./loopback-team.ts";

test("processes that differ refuse each other on both sides, by field and value", async (t) => {
  const odd = (self: number) => ({
    digest: { seed: self === 1 ? "2" : "1" },
    ...(self === 1 && { frameBytes: 2000 }),
  });
  const { opened } = await openTeam({ odd });
  for (const [self, result] of opened.entries()) {
    t.is(result.status, "rejected");
    const { message } = (result as PromiseRejectedResult).reason as Error;
    const [here, there] = self === 1 ? ["2", "1"] : ["1", "2"];
    t.true(message.includes(`seed differs: ${here} here, ${there} there`), message);
    t.regex(message, /frame bytes differs/);
  }
});

test("another key, run, generation or security does not get in, and is counted as a stranger where it is one", async (t) => {
  for (const difference of [{ runKey: Buffer.alloc(32, 8) }, { run: 5n }, { generation: 1 }]) {
    const { opened } = await openTeam({ odd: (self) => (self === 1 ? difference : {}) });
    for (const result of opened)
      t.like(
        (result as PromiseRejectedResult).reason,
        { code: "no-greeting" },
        JSON.stringify(Object.keys(difference)),
      );
    const messages = opened.map((result) => String((result as PromiseRejectedResult).reason));
    t.regex(messages.join("\n"), /process [01] has not greeted in 3 s at .*; [1-9]\d* frames/);
  }
  const { opened } = await openTeam({ odd: (self) => ({ security: self === 1 ? "off" : "auth" }) });
  for (const result of opened)
    t.regex(
      String((result as PromiseRejectedResult).reason),
      /security differs: (off|auth) here, (off|auth) there/,
    );
});

test("a greeting gets through a wire that loses half of all frames, and nothing that is sent later is amiss", async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const loopback = { seed, delayMs: [0, 2] as const };
    const team = await openTeam({ ...loopback, greetingFaults: { lose: 0.4 } });
    const isOpen = team.opened.every(({ status }) => status === "fulfilled");
    if (!isOpen) {
      for (const result of team.opened)
        if (result.status === "rejected") t.true(result.reason instanceof LockstepError);
      continue;
    }
    team.loopback.faults = {};
    const lengths = [10, 20];
    for (const [channel, length] of lengths.entries())
      team.links[0].send(1, { channel, sequence: 0, flags: 0, bytes: pattern(length, channel) }, () => {});
    await team.pass(1500);
    const failures = team.inboxes.flatMap((inbox) => inbox.failures);
    const received = team.inboxes[1].received.map(({ bytes }) => bytes);
    t.deepEqual(received, lengths.map(pattern).slice(0, received.length));
    t.true(received.length === 2 || failures.length > 0);
  }
});
