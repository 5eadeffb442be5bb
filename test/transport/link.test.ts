/** Links over wires in memory: every message arrives once, in order and whole, or a named error ends the run. */
import test from "ava";
import * as fc from "fast-check";
import { type LockstepError, RankError } from "../../src/base/errors.ts";
import { LinkBroken, LinkError, PeerAborted } from "../../src/transport/link-error.ts";
import type { Faults } from "../../src/transport/loopback.ts";
import { SECURITIES } from "../../src/transport/seal.ts";
import { expected, FRAME_BYTES, openTeam, pattern, SMALL, sendAll } from "./loopback-team.ts";

for (const security of SECURITIES)
  test(`with ${security}, messages of any length arrive once, in order and whole`, async (t) => {
    const payload = FRAME_BYTES - 64 - (security === "off" ? 0 : 16);
    const lengths = [0, 1, payload - 1, payload, payload + 1, 0, 3 * payload, 20_000, 5];
    const team = await openTeam({ all: { ...SMALL, security }, delayMs: [0, 3], capacity: 2 });
    const count = sendAll(team, lengths);
    await team.pass(200);
    t.deepEqual(team.inboxes[1].received, expected(lengths));
    t.is(count.sent, lengths.length);
    t.deepEqual(
      team.inboxes.flatMap(({ failures }) => failures),
      [],
    );
  });

test("messages of any lengths, both ways, on any delays and capacities", async (t) => {
  const lengths = fc.array(fc.oneof(fc.nat(50), fc.nat(5000)), { maxLength: 30 });
  const drawn = fc.record({
    there: lengths,
    back: lengths,
    seed: fc.nat(1000),
    capacity: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ there, back, seed, capacity }) => {
      const team = await openTeam({ all: SMALL, seed, capacity, delayMs: [0, 2] });
      sendAll(team, there);
      for (const [index, length] of back.entries())
        team.links[1].send(
          0,
          { channel: index, sequence: 1, flags: 0, bytes: pattern(length, index) },
          () => {},
        );
      await team.pass(400);
      t.deepEqual(team.inboxes[1].received, expected(there));
      t.deepEqual(
        team.inboxes[0].received.map(({ channel, bytes }) => [channel, bytes]),
        back.map((length, index) => [index, pattern(length, index)]),
      );
    }),
    { numRuns: 30 },
  );
});

test("what has no place yet waits, as much as the window allows, and the sender's bytes are its own until sent", async (t) => {
  const team = await openTeam({ all: SMALL });
  const [, inbox] = team.inboxes;
  inbox.isHolding = true;
  const lengths = [2000, 2000, 2000, 2000, 0, 300];
  const count = sendAll(team, lengths);
  await team.pass(2500);
  t.deepEqual(inbox.received, []);
  t.true(count.sent < lengths.length, "the window bounds what is under way");
  inbox.isHolding = false;
  team.links[1].resume();
  await team.pass(50);
  t.deepEqual(inbox.received, expected(lengths));
  t.is(count.sent, lengths.length);
  t.deepEqual(inbox.failures, []);
});

test("an inbox may ask for places again whenever it is called, and gets each message once", async (t) => {
  const team = await openTeam({ all: SMALL });
  const [, inbox] = team.inboxes;
  const resume = () => team.links[1].resume();
  inbox.judge = resume;
  inbox.heed = resume;
  inbox.isHolding = true;
  const lengths = [500, 0, 1500, 3];
  sendAll(team, lengths);
  await team.pass(50);
  inbox.isHolding = false;
  resume();
  await team.pass(50);
  t.deepEqual(inbox.received, expected(lengths));
  t.deepEqual(inbox.failures, []);
});

test("empty messages count, too: who gives them no place does not have to keep any number of them", async (t) => {
  const team = await openTeam({ all: SMALL });
  team.inboxes[1].isHolding = true;
  const count = sendAll(
    team,
    Array.from({ length: 500 }, () => 0),
  );
  await team.pass(20);
  t.is(count.sent, Math.floor(SMALL.windowBytes / 64));
});

test("under any faults nothing wrong arrives: what does is whole and in order, and what does not is told", async (t) => {
  const chance = fc.constantFrom(0, 0, 0.02, 0.2);
  const drawn = fc.record({
    faults: fc.record({ lose: chance, repeat: chance, flip: chance, truncate: chance, reorder: chance }),
    ...{ seed: fc.nat(100_000), security: fc.constantFrom(...SECURITIES) },
    lengths: fc.array(fc.nat(4000), { minLength: 1, maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ faults, seed, security, lengths }) => {
      const team = await openTeam({ all: { ...SMALL, security }, seed });
      team.loopback.faults = faults satisfies Faults;
      sendAll(team, lengths);
      await team.pass(100);
      // The next beat tells, if nothing else does: one that is lost, too, leaves it to the next.
      team.loopback.faults = {};
      await team.pass(1200);
      const { received } = team.inboxes[1];
      const failures = team.inboxes.flatMap((inbox) => inbox.failures);
      t.deepEqual(received, expected(lengths).slice(0, received.length));
      t.true(
        received.length === lengths.length || failures.length > 0,
        "messages are missing, and nobody says so",
      );
      for (const failure of failures)
        t.true(failure instanceof LinkError || failure instanceof PeerAborted, String(failure));
    }),
    { numRuns: 60 },
  );
});

const stories: [fault: string, faults: Faults, told: RegExp][] = [
  ["is lost", { lose: 1 }, /the link to process 0 is broken: frames \d+ to \d+ were lost/],
  ["comes twice", { repeat: 1 }, /the link to process 0 is broken: frame \d+ came twice/],
  ["is changed", { flip: 1 }, /the link to process 0 is broken: /],
  ["is cut off", { truncate: 1 }, /the link to process 0 is broken: /],
];
for (const [fault, faults, told] of stories)
  test(`a frame that ${fault} breaks the link, and the other side hears why`, async (t) => {
    const team = await openTeam({ all: SMALL });
    team.loopback.faults = faults;
    sendAll(team, [10]);
    team.loopback.faults = {};
    sendAll(team, [20]);
    await team.pass(50);
    const [[first], [second]] = team.inboxes.map(({ failures }) => failures);
    t.true(second instanceof LinkBroken);
    t.regex(second.message, told);
    t.true(first instanceof PeerAborted);
    t.regex(first.message, /^process 1 stopped: the link to process 0 is broken/);
    t.is((first as LockstepError).exitCode, 75);
    t.is(team.inboxes[1].received.length, fault === "comes twice" ? 1 : 0);
  });

test("a peer that falls silent is suspected, then lost, by name, with the last it sent; one that speaks is neither", async (t) => {
  const team = await openTeam();
  sendAll(team, [3, 4]);
  await team.pass(20_000);
  t.deepEqual(team.warnings, []);
  team.loopback.faults = { lose: 1 };
  await team.pass(14_500);
  t.true(team.warnings.includes("1: process 0 has said nothing for 5 s"), team.warnings.join("\n"));
  t.deepEqual(team.inboxes[1].failures, []);
  await team.pass(2000);
  const [failure] = team.inboxes[1].failures;
  t.is(failure.code, "peer-silent");
  t.regex(
    failure.message,
    /^process 0 has said nothing for 15 s; the last it sent was message 1 of channel 1000$/,
  );
});

test("an abort reaches all peers with rank, host and step, ahead of what is queued", async (t) => {
  const team = await openTeam({ count: 3, all: SMALL });
  team.inboxes[1].isHolding = true;
  sendAll(team, [100_000]);
  const where = { rank: 4, host: "b", step: 17 };
  team.links[0].abort({ code: "rank-failed", message: "rank 4 failed at step 17", ...where });
  await team.pass(10);
  for (const { failures } of team.inboxes.slice(1)) {
    t.is(failures.length, 1);
    t.like(failures[0], {
      code: "aborted",
      exitCode: 75,
      message: "process 0 stopped: rank 4 failed at step 17",
      where,
    });
  }
  t.deepEqual(team.inboxes[0].failures, []);
  await team.pass(300);
  await t.notThrowsAsync(team.links[0].close());
});

test("a message that must not come ends the link with the inbox's own error", async (t) => {
  const team = await openTeam();
  team.inboxes[1].judge = ({ channel }) => {
    if (channel === 1000)
      throw new RankError("unexpected-message", "process 0 sent transfer 1000", "report it", {});
  };
  sendAll(team, [5, 5, 5]);
  await team.pass(20);
  t.like(team.inboxes[1].failures[0], { code: "unexpected-message" });
  t.is(team.inboxes[1].received.length, 1);
  t.is(team.inboxes[0].failures[0].message, "process 1 stopped: process 0 sent transfer 1000");
});
