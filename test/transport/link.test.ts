/** Links over a bad wire: every message arrives once, in order and whole, or a named error ends the link. */
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import * as fc from "fast-check";
import { LockstepError } from "../../src/base/errors.ts";
import { Link, type LinkOptions } from "../../src/transport/link.ts";
import { BadWire, type Fault } from "./bad-wire.ts";

/** Two links that have greeted; what the second receives, and what fails. */
async function pair(wire: BadWire, hold: () => boolean = () => false) {
  const received: { channel: number; sequence: number; text: string }[] = [];
  const failures: unknown[] = [];
  let open = 0;
  const link = (self: 0 | 1) => {
    let place = new Uint8Array();
    const options: LinkOptions = {
      ...{ self, peer: 1 - self, run: 3n, runKey: Buffer.alloc(32, 1), digest: {}, dials: self === 1 },
      ...{ address: "none", security: "auth", patience: { beatMs: 10, deadMs: 60, greetMs: 2000 } },
      peerName: `process ${1 - self}`,
      inbox: {
        place: ({ bytes }) => {
          if (hold()) return null;
          place = new Uint8Array(bytes);
          return place;
        },
        arrived: ({ channel, sequence }) => {
          received.push({ channel, sequence, text: Buffer.from(place).toString("latin1") });
        },
      },
      opened: () => open++,
      failed: (error) => failures.push(error),
      parted: () => {},
      makeWire: wire.end(self),
    };
    return new Link(options);
  };
  const links = [link(0), link(1)];
  const close = () => {
    for (const each of links) each.close();
  };
  for (let tries = 0; open < 2 && tries < 200; tries++) await sleep(5);
  return { links, received, failures, close };
}

const text = (length: number, seed: number): string =>
  Array.from({ length }, (_, index) => String.fromCharCode(97 + ((index * 7 + seed) % 26))).join("");

test.serial("messages of any length arrive in order and whole, and none before it has a place", async (t) => {
  let isHeld = true;
  const { links, received, failures, close } = await pair(new BadWire(), () => isHeld);
  const lengths = [0, 1, 1000, 131_072, 131_073, 400_000, 9_000_000, 3];
  let sent = 0;
  for (const [channel, length] of lengths.entries())
    links[0].send(
      { channel, sequence: 5, flags: 0, bytes: Buffer.from(text(length, channel)) },
      () => sent++,
    );
  await sleep(30);
  t.is(received.length, 0);
  t.true(sent < lengths.length, "the window bounds what is under way");
  isHeld = false;
  for (let tries = 0; received.length < lengths.length && tries < 400; tries++) {
    links[1].resume();
    await sleep(5);
  }
  t.deepEqual(failures, []);
  t.is(sent, lengths.length);
  t.deepEqual(
    received.map((message) => message.text === text(lengths[message.channel], message.channel)),
    lengths.map(() => true),
  );
  t.deepEqual(
    received.map(({ channel }) => channel),
    [...lengths.keys()],
  );
  close();
});

test.serial(
  "over a wire that loses, repeats, damages or swaps frames nothing wrong ever arrives",
  async (t) => {
    const faults = fc.array(
      fc.constantFrom<Fault>("none", "none", "none", "lose", "repeat", "flip", "swap", "truncate"),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(faults, async (list) => {
        const wire = new BadWire();
        const { links, received, failures, close } = await pair(wire);
        wire.faults.push(...list);
        const messages = Array.from({ length: 8 }, (_, index) => text(50 * index, index));
        for (const [channel, message] of messages.entries())
          links[0].send({ channel, sequence: 1, flags: 0, bytes: Buffer.from(message) }, () => {});
        await sleep(40);
        close();
        const isWhole = received.length === messages.length;
        t.deepEqual(
          received.map((message) => message.text),
          messages.slice(0, received.length),
        );
        t.true(isWhole || failures.length > 0, `${received.length} arrived, and nobody complained`);
        for (const failure of failures) t.true(failure instanceof LockstepError, String(failure));
      }),
      { numRuns: 40 },
    );
  },
);

test.serial("an end that falls silent is named", async (t) => {
  const { links, failures, close } = await pair(new BadWire());
  links[1].close();
  for (let tries = 0; failures.length === 0 && tries < 1000; tries++) await sleep(5);
  close();
  t.regex(String(failures[0]), /process 1 has said nothing for 0\.\d+ s/);
});
