/** How links open: only between processes of one run that were started alike, over whatever wire. */
import test from "ava";
import { LockstepError, RankError } from "../../src/base/errors.ts";
import { Greeting } from "../../src/transport/greeting.ts";
import { Links, type LinksOptions } from "../../src/transport/links.ts";
import { Loopback } from "../../src/transport/loopback.ts";
import { KeepingInbox, openTeam, pattern } from "./loopback-team.ts";

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

test("a greeting gets through a wire that loses two of five frames, unless what follows it is lost, and then that is told", async (t) => {
  let opened = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const loopback = { seed, delayMs: [0, 2] as const };
    const team = await openTeam({ ...loopback, greetingFaults: { lose: 0.4 } });
    const isOpen = team.opened.every(({ status }) => status === "fulfilled");
    if (!isOpen) {
      for (const result of team.opened)
        if (result.status === "rejected") t.true(result.reason instanceof LockstepError);
      continue;
    }
    opened++;
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
  t.true(opened >= 10, `${opened} of 20`);
});

test("a greeting gets through a wire that takes one frame at a time, and is slow", async (t) => {
  const team = await openTeam({ capacity: 1, delayMs: [250, 450] });
  t.is(team.links.length, 2);
  t.is(team.loopback.evictions, 0);
});

test("a dialer that has said hello is not turned out while its proof is on its way", async (t) => {
  const team = await openTeam({ delayMs: [700, 700] });
  t.is(team.links.length, 2);
  t.is(team.loopback.evictions, 0);
});

const run = 9n;
const digest = {};

/** Opens the links of one process of several; how that ended, once it has. */
function openOne(options: Pick<LinksOptions, "self" | "wires" | "clock"> & Partial<LinksOptions>) {
  const inbox = new KeepingInbox();
  const opening = Links.open({
    ...{ names: ["process 0", "process 1", "process 2"], addresses: new Map(), run, digest, inbox },
    ...{ runKey: Buffer.alloc(32, 7), security: "auth", ...options },
  });
  const outcome = Promise.allSettled([opening]).then(([result]) => result);
  return { inbox, outcome };
}

async function pass(loopback: Loopback, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed++) {
    loopback.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("who says hello again and again and proves nothing does not keep the place", async (t) => {
  const loopback = new Loopback();
  const [wire, stranger] = loopback.wires();
  const { outcome } = openOne({
    ...{ self: 0, wires: new Map([[1, wire]]), clock: loopback, names: ["process 0", "process 1"] },
  });
  const greeting = { self: 1, peer: 0, run, generation: 0, runKey: Buffer.alloc(32, 8), digest, dials: true };
  const { hello } = new Greeting(greeting);
  loopback.every(100, () => stranger.send(hello as Buffer));
  await pass(loopback, 9000);
  t.is(loopback.evictions, 4);
  await pass(loopback, 30_000);
  t.like(await outcome, { status: "rejected" });
});

test("links that are given up while they open are closed, and those who had greeted hear why", async (t) => {
  const loopback = new Loopback();
  const [near, far] = loopback.wires();
  const silent = [loopback.wires()[0], loopback.wires()[0]];
  let sent = 0;
  const send = near.send.bind(near);
  near.send = (frame) => {
    sent++;
    return send(frame);
  };
  const signal = new AbortController();
  const one = openOne({
    ...{ self: 0, clock: loopback, signal: signal.signal },
    wires: new Map([
      [1, near],
      [2, silent[0]],
    ]),
  });
  const other = openOne({
    ...{ self: 1, clock: loopback },
    wires: new Map([
      [0, far],
      [2, silent[1]],
    ]),
  });
  await pass(loopback, 3000);
  const reason = new RankError("rank-failed", "rank 0 failed at step 1", "see the stack", { rank: 0 });
  signal.abort(reason);
  await pass(loopback, 500);
  t.deepEqual(await one.outcome, { status: "rejected", reason });
  t.like(await other.outcome, { status: "rejected" });
  t.is(other.inbox.failures[0].message, "process 0 stopped: rank 0 failed at step 1");
  const before = sent;
  await pass(loopback, 5000);
  t.is(sent, before, "no beats of a link that is closed");
});
