/** Whoever reaches a port of ours without the run's key gets nothing, and stops nothing. */
import { statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { makeWire } from "../../src/transport/address.ts";
import { Links, type LinksOptions } from "../../src/transport/links.ts";
import { listen } from "../../src/transport/listening.ts";
import { PATIENCE } from "../../src/transport/patience.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { ChaosProxy } from "./chaos-proxy.ts";
import { KeepingInbox, pattern } from "./loopback-team.ts";

const story = process.execPath.includes("node_modules") ? test : test.skip;
const GUARD_MS = 60_000;
/** What nanomsg's PAIR says first. */
const PAIR_GREETING = Buffer.from("0053500000100000", "hex");
const HASTY = { ...PATIENCE, retryMs: 100, evictMs: 400, greetMs: 20_000 };

function options(self: number, address: string, odd: Partial<LinksOptions>): LinksOptions {
  return {
    ...{ self, inbox: new KeepingInbox(), names: ["process 0", "process 1"], patience: HASTY },
    ...{ addresses: new Map([[1 - self, address]]), run: 9n, runKey: Buffer.alloc(32, 5) },
    ...{ security: "auth", digest: {}, ...odd },
  };
}

interface Opening {
  readonly inbox: KeepingInbox;
  readonly links: Promise<Links>;
}

/** A port that nobody else has, and how to open the link that is awaited there. */
function listenHere(): { address: string; port: number; open: (odd?: Partial<LinksOptions>) => Opening } {
  const listening = listen({ self: 0, listenAt: [null, "127.0.0.1"], folder: "" });
  const [, address] = listening.endpoints;
  const open = (odd = {}) => {
    const listener = options(0, address, odd);
    const links = listening.connect([listening.endpoints, []], listener);
    return { inbox: listener.inbox as KeepingInbox, links };
  };
  return { address, port: Number(address.split(":")[2]), open };
}

function dial(address: string, odd: Partial<LinksOptions> = {}): Opening {
  const dialer = options(1, address, odd);
  return { inbox: dialer.inbox as KeepingInbox, links: Links.open(dialer) };
}

function lengthBefore(message: Buffer, length = BigInt(message.length)): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64BE(length);
  return Buffer.concat([prefix, message]);
}

/** Connects again and again, and says this whenever it is let in. `answers` are bytes that it was told. */
function pester(t: ExecutionContext, port: number, words: Buffer): { answers: number } {
  const heard = { answers: 0 };
  let socket: Socket | null = null;
  const again = () => {
    socket?.destroy();
    socket = connect(port, "127.0.0.1", () => socket?.write(words));
    socket.on("data", ({ length }) => {
      heard.answers += length;
    });
    socket.on("error", () => {});
  };
  again();
  const timer = setInterval(again, 150);
  t.teardown(() => {
    clearInterval(timer);
    socket?.destroy();
  });
  return heard;
}

/** A message there and back: the links work. */
async function proveSound(t: ExecutionContext, both: readonly Opening[]): Promise<void> {
  const pair = await Promise.all(both.map(({ links }) => links));
  for (const [self, links] of pair.entries())
    links.send(1 - self, { channel: 3, sequence: 4, flags: 5, bytes: pattern(200_000, self) }, () => {});
  const isMissing = () => both.some(({ inbox }) => inbox.received.length === 0);
  for (let tries = 0; tries < 1000 && isMissing(); tries++) await sleep(5);
  for (const [self, { inbox }] of both.entries()) {
    t.deepEqual(inbox.failures, []);
    t.deepEqual(
      inbox.received.map(({ bytes }) => bytes),
      [pattern(200_000, 1 - self)],
    );
  }
  await Promise.all(pair.map((links) => links.close()));
}

const length = (bytes: bigint): Buffer =>
  Buffer.concat([PAIR_GREETING, lengthBefore(Buffer.alloc(0), bytes)]);
const many = Array.from({ length: 50 }, () => lengthBefore(Buffer.from("hello")));
const intrusions: [words: string, bytes: Buffer][] = [
  ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["nothing at all", Buffer.alloc(0)],
  ["nanomsg's greeting, and then nothing", PAIR_GREETING],
  ["the greeting of another protocol", Buffer.from("0053500000300000", "hex")],
  ["random messages", Buffer.concat([PAIR_GREETING, lengthBefore(Buffer.from(pattern(300, 1)))])],
  ["many messages at once", Buffer.concat([PAIR_GREETING, ...many])],
  ["a length of 2^63 − 1", length(2n ** 63n - 1n)],
  ["a length of −1", length(2n ** 64n - 1n)],
  ["a length that is allowed, and no bytes", length(4096n)],
];
for (const [words, bytes] of intrusions)
  story(`links open and work though somebody holds the port with ${words}`, async (t) => {
    t.timeout(GUARD_MS);
    const { address, port, open } = listenHere();
    const listener = open();
    pester(t, port, bytes);
    await sleep(50);
    await proveSound(t, [listener, dial(address)]);
  });

story("strangers at the port of open links change nothing", async (t) => {
  t.timeout(GUARD_MS);
  const { address, port, open } = listenHere();
  const both = [open(), dial(address)];
  await Promise.all(both.map(({ links }) => links));
  for (const [, bytes] of intrusions) pester(t, port, bytes);
  await sleep(500);
  await proveSound(t, both);
});

story("who does not know the key gets no link, and both ends say that nobody else came", async (t) => {
  t.timeout(GUARD_MS);
  const { address, open } = listenHere();
  const patience = { ...HASTY, greetMs: 1000 };
  const [listener, stranger] = await Promise.allSettled([
    open({ patience }).links,
    dial(address, { patience, runKey: Buffer.alloc(32, 6) }).links,
  ]);
  t.like((listener as PromiseRejectedResult).reason, { code: "no-greeting", exitCode: 1 });
  t.regex(
    String((stranger as PromiseRejectedResult).reason),
    /process 0 has not greeted in 1 s at tcp:.*; [1-9]\d* frames/,
  );
});

story("what one process said is worth nothing when somebody else says it again", async (t) => {
  t.timeout(GUARD_MS);
  const first = listenHere();
  const proxy = await ChaosProxy.start(first.port);
  t.teardown(() => proxy.close());
  await proveSound(t, [first.open(), dial(proxy.address)]);
  const second = listenHere();
  const listener = second.open();
  const heard = pester(t, second.port, Buffer.concat([PAIR_GREETING, ...proxy.recorded]));
  const hasAnswer = () => heard.answers > PAIR_GREETING.length;
  for (let tries = 0; tries < 2000 && !hasAnswer(); tries++) await sleep(5);
  t.true(hasAnswer(), "it is challenged like anybody");
  await proveSound(t, [listener, dial(second.address)]);
});

story(
  "listen() binds where nobody else does, tells plain data, and its folder is its user's alone",
  async (t) => {
    t.timeout(GUARD_MS);
    const folder = join(temporaryFolder(t), "sockets");
    const listenAt = [
      [null, null, "127.0.0.1"],
      [null, null, "127.0.0.1"],
      ["127.0.0.1", "127.0.0.1", null],
    ];
    const listening = listenAt.map((each, self) => listen({ self, listenAt: each, folder }));
    const table = JSON.parse(JSON.stringify(listening.map(({ endpoints }) => endpoints)));
    t.regex(table[0][1], /^ipc:/);
    t.regex(table[0][2], /^tcp:\/\/127\.0\.0\.1:\d+$/);
    t.is(statSync(folder).mode & 0o777, 0o700);
    const inboxes = listenAt.map(() => new KeepingInbox());
    const all = await Promise.all(
      listening.map((each, self) =>
        each.connect(table, {
          ...{ names: ["a", "b", "c"], run: 1n, runKey: Buffer.alloc(32), security: "auth", digest: {} },
          inbox: inboxes[self],
        }),
      ),
    );
    for (const [self, links] of all.entries())
      for (const peer of links.peers)
        links.send(peer, { channel: self, sequence: 0, flags: 0, bytes: pattern(1000, self) }, () => {});
    await Promise.all(all.map((links) => links.close()));
    for (const { received } of inboxes) t.is(received.length, 2);
  },
);

test("addresses that would let in others are refused, with the fix", (t) => {
  const folder = temporaryFolder(t);
  const bad = [
    "tcp://*:3000",
    "tcp://0.0.0.0:3000",
    "tcp://[::]:3000",
    "tcp://host:3000",
    "tcp://10.0.0.1:0",
  ];
  for (const address of [
    ...bad,
    "tcp://10.0.0.1:70000",
    "ws://1.1.1.1:3",
    "",
    `ipc://${folder}/${"x".repeat(120)}`,
  ])
    t.throws(() => makeWire(address, true), { code: "bad-address" }, address);
  t.throws(() => makeWire("ipc:///tmp/0-1", true), {
    code: "bad-address",
    message: /other users can enter \/tmp/,
  });
});
