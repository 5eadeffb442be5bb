/** Links over nanomsg and a bad network: messages arrive as they were sent, or a named error says that they did not. */
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { LinkError, PeerAborted } from "../../src/transport/link-error.ts";
import { Links, type LinksOptions } from "../../src/transport/links.ts";
import { listen } from "../../src/transport/listening.ts";
import { PATIENCE } from "../../src/transport/patience.ts";
import { CHAOS, type Chaos, ChaosProxy, type Way } from "./chaos-proxy.ts";
import { KeepingInbox, pattern } from "./loopback-team.ts";

const story = process.execPath.includes("node_modules") ? test : test.skip;
const GUARD_MS = 100_000;
const LENGTHS = [0, 1, 5000, 100_000, 3, 300_000, 64, 70_000, 131_072, 9];
const IMPATIENT = { ...PATIENCE, beatMs: 50, suspectMs: 300, deadMs: 800, greetMs: 10_000, farewellMs: 2000 };
const STRUCK = /the link to process [01] is broken|has said nothing for/;
const STALLED = /has said nothing for/;

function options(self: 0 | 1, address: string, inbox: KeepingInbox): LinksOptions {
  return {
    ...{ self, inbox, names: ["process 0", "process 1"], addresses: new Map([[1 - self, address]]) },
    ...{ run: 9n, runKey: Buffer.alloc(32, 5), security: "auth", digest: {}, patience: IMPATIENT },
  };
}

/** Strikes one message of a conversation; what both sides received, and how they failed. */
async function converse(chaos: Chaos, from: Way, after: number, draw: number) {
  const listening = listen({ self: 0, listenAt: [null, "127.0.0.1"], folder: "" });
  const [, address] = listening.endpoints;
  const proxy = await ChaosProxy.start(Number(address.split(":")[2]));
  const inboxes = [new KeepingInbox(), new KeepingInbox()] as const;
  const links = await Promise.all([
    listening.connect([listening.endpoints, []], options(0, address, inboxes[0])),
    Links.open(options(1, proxy.address, inboxes[1])),
  ]);
  proxy.strike(chaos, from, after, draw);
  for (const [self, side] of links.entries())
    for (const [channel, length] of LENGTHS.entries())
      side.send(
        1 - self,
        { channel, sequence: 0, flags: 0, bytes: pattern(length, channel + self) },
        () => {},
      );
  const isOver = () =>
    inboxes.every(({ received, failures }) => failures.length > 0 || received.length === LENGTHS.length);
  for (let tries = 0; tries < 1000 && !(isOver() && proxy.hasStruck); tries++) await sleep(5);
  // What comes after it: a beat, at the latest.
  for (let tries = 0; tries < 200 && !inboxes.some(({ failures }) => failures.length > 0); tries++)
    await sleep(5);
  for (const side of links) side.abort({ code: "over", message: "the test is over" });
  await Promise.all(links.map((side) => side.close()));
  proxy.close();
  return inboxes;
}

for (const chaos of CHAOS)
  for (const from of ["dialer", "listener"] as const)
    story(
      `a network that does ${chaos} to what the ${from} sends: no wrong byte, and an error with a name`,
      async (t) => {
        t.timeout(GUARD_MS);
        for (const [turn, after] of [0, 3, 7].entries()) {
          const inboxes = await converse(chaos, from, after, (turn * 0.3 + 0.25) % 1);
          for (const [self, { received }] of inboxes.entries())
            t.deepEqual(
              received.map(({ channel, bytes }) => [channel, bytes]),
              LENGTHS.map((length, channel) => [channel, pattern(length, channel + 1 - self)]).slice(
                0,
                received.length,
              ),
            );
          const failures = inboxes.flatMap((inbox) => inbox.failures);
          for (const failure of failures)
            t.true(failure instanceof LinkError || failure instanceof PeerAborted, String(failure));
          const words = failures.map(({ message }) => message).join("\n");
          t.regex(words, chaos === "stall" ? STALLED : STRUCK, `after ${after}: nobody saw it`);
        }
      },
    );
