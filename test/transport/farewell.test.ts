/** How links end well, over wires in memory: nobody leaves before the others have all that they need of it, and nobody waits for ever. */
import test from "ava";
import type { LinksOptions } from "../../src/transport/links.ts";
import type { Loopback } from "../../src/transport/loopback.ts";
import { PATIENCE } from "../../src/transport/patience.ts";
import { expected, openTeam, SMALL, sendAll } from "./loopback-team.ts";

test("who stops after its main thread was kept away gives its last frames as long as who was not", async (t) => {
  for (const awayMs of [0, 300, 1500]) {
    let isAway = false;
    const odd = (self: number, loopback: Loopback): Partial<LinksOptions> => ({
      clock: {
        now: () => loopback.now(),
        soon: (call) => loopback.soon(call),
        every: (periodMs, call) =>
          loopback.every(periodMs, () => (self === 0 && isAway ? undefined : call())),
      },
    });
    const { links, loopback, pass } = await openTeam({ all: SMALL, odd });
    isAway = true;
    await pass(awayMs);
    isAway = false;
    links[0].abort({ code: "rank-failed", message: "rank 0 failed" });
    const stoppedMs = loopback.now();
    const closed = links[0].close().then(() => loopback.now());
    await pass(400);
    const lingeredMs = (await closed) - stoppedMs;
    t.true(lingeredMs > 100 && lingeredMs <= 200, `after ${awayMs} ms away: ${lingeredMs} ms`);
  }
});

test("close() sends what is queued, waits for the others, and then the wires are closed", async (t) => {
  const team = await openTeam({ count: 3, delayMs: [1, 4], all: SMALL });
  sendAll(team, [30_000, 2]);
  const closed: number[] = [];
  for (const [index, links] of team.links.entries())
    if (index > 0) links.close().then(() => closed.push(index));
  await team.pass(1000);
  t.deepEqual(closed, [], "process 0 may still have something to say");
  team.links[0].close().then(() => closed.push(0));
  await team.pass(600);
  t.deepEqual(closed.sort(), [0, 1, 2]);
  t.deepEqual(team.inboxes[1].received, expected([30_000, 2]));
  t.deepEqual(
    team.inboxes.flatMap(({ failures }) => failures),
    [],
  );
});

test("close() waits for what a slow link still has to carry, however long that takes", async (t) => {
  const team = await openTeam({ all: SMALL, delayMs: [150, 150], capacity: 1 });
  const lengths = [200_000, 7];
  sendAll(team, lengths);
  const closing = Promise.all(team.links.map((links) => links.close()));
  await team.pass(45_000);
  await t.notThrowsAsync(closing);
  t.deepEqual(team.inboxes[1].received, expected(lengths));
});

for (const delayMs of [150, 700])
  test(`who ends first stays until the other has its farewell, which takes ${delayMs} ms to send`, async (t) => {
    const team = await openTeam({ all: SMALL, delayMs: [delayMs, delayMs], capacity: 1 });
    const closing = [team.links[0].close()];
    await team.pass(4 * delayMs);
    closing.push(team.links[1].close());
    const settled = Promise.allSettled(closing);
    await team.pass(16_000);
    t.deepEqual(
      (await settled).map(({ status }) => status),
      ["fulfilled", "fulfilled"],
    );
    t.deepEqual(
      team.inboxes.flatMap(({ failures }) => failures),
      [],
    );
  });

test("who is told no more after both farewells has ended well all the same", async (t) => {
  const team = await openTeam({ delayMs: [5, 5] });
  const closing = team.links.map((links) => links.close());
  await team.pass(7); // both farewells are on their way back as heard, and nothing that follows comes
  team.loopback.faults = { lose: 1 };
  const settled = Promise.allSettled(closing);
  await team.pass(16_000);
  t.deepEqual(
    (await settled).map(({ status }) => status),
    ["fulfilled", "fulfilled"],
  );
});

test("who falls silent between two farewells is lost like anybody", async (t) => {
  const team = await openTeam();
  const closing = [team.links[1].close()];
  await team.pass(100);
  team.loopback.faults = { lose: 1 };
  closing.push(team.links[0].close());
  const settled = Promise.allSettled(closing);
  await team.pass(17_000);
  for (const result of await settled)
    t.like((result as PromiseRejectedResult).reason, { code: "peer-silent" });
});

test("who does not say that it is done is named when the time for it is over", async (t) => {
  const team = await openTeam({ all: { patience: { ...PATIENCE, farewellMs: 30_000 } } });
  const closing = team.links[1].close();
  closing.catch(() => {});
  await team.pass(31_000);
  await t.throwsAsync(closing, {
    code: "no-farewell",
    message: /^process 0 did not say that it is done within 30 s/,
  });
});
