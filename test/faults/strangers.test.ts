/** Whoever talks to a run's ports, holds ports, or runs beside it on the same hosts: the weights are those of one rank. */
import { randomBytes } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { Greeting } from "../../src/transport/greeting.ts";
import { hasSshd } from "../launch/sshd.ts";
import { behindSsh, type Cast, FORMS, HERE, Story } from "./story.ts";

const STEPS = ["--epochs", "1000000", "--max-steps", "6000"];
const ONE_RANK: Cast = { hosts: [], remote: [], flags: ["--ranks", "1"] };
const GONE_MS = 5000;
/** Of the ports by which processes of several hosts meet, every other one. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;

/** What nanomsg's PAIR says first, and how it says that a message has so many bytes. */
const PAIR = Buffer.from("0053500000100000", "hex");
function message(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes.length));
  return Buffer.concat([PAIR, length, bytes]);
}

/** The hello of another run: right in all, but for the key and the run. */
function otherHello(): Buffer {
  const name = { self: 1, peer: 0, generation: 0, run: randomBytes(8).readBigUInt64LE() };
  const greeting = new Greeting({ ...name, runKey: randomBytes(32), digest: {}, dials: true });
  return message(greeting.hello as Buffer);
}

/** Seeded garbage, whole and in messages. */
const GARBAGE = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { numRuns: 6, seed: 9 });
const words = (): Buffer[] => [
  Buffer.from("GET / HTTP/1.1\r\nHost: node1\r\n\r\n"),
  otherHello(),
  PAIR,
  Buffer.alloc(0),
  ...GARBAGE.map((bytes) => Buffer.from(bytes)),
  ...GARBAGE.map(message),
];

/** Connects to every port of a run again and again, each time with something else to say; stops at the end of the test. */
function pester(t: ExecutionContext, story: Story): { connections: number } {
  const told = { connections: 0 };
  const sockets = new Map<number, Socket>();
  const all = words();
  const timer = setInterval(async () => {
    for (const port of await story.ports()) {
      sockets.get(port)?.destroy();
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(all[told.connections++ % all.length]);
      });
      socket.on("error", () => {}).on("data", () => {});
      sockets.set(port, socket);
    }
  }, 40);
  t.teardown(() => {
    clearInterval(timer);
    for (const socket of sockets.values()) socket.destroy();
  });
  return told;
}

async function hashOf(t: ExecutionContext, story: Story): Promise<unknown> {
  const { exitCode, stderr, objects } = await story.ended;
  t.is(exitCode, 0, stderr);
  t.like(objects.at(-1), { status: "ok", steps: 6000 });
  return objects.at(-1)?.weightsSha256;
}

test.serial("garbage, HTTP and the hello of another run at every port change no bit of a run", async (t) => {
  const expected = await hashOf(t, new Story(t, ONE_RANK, STEPS));
  const story = new Story(t, HERE, STEPS);
  const told = pester(t, story);
  t.is(await hashOf(t, story), expected);
  t.true(told.connections > 20, `${told.connections} connections`);
  t.log(`${told.connections} connections`);
  await story.leavesNothing(GONE_MS, "pestered");
});

test.serial(
  "where every other port is taken a run finds others, and has the weights of one rank",
  async (t) => {
    const expected = await hashOf(t, new Story(t, ONE_RANK, STEPS));
    const servers: Server[] = [];
    t.teardown(() => {
      for (const server of servers) server.close();
    });
    for (let port = FIRST_PORT; port <= LAST_PORT; port += 2) {
      const server = createServer((socket) => socket.destroy()).on("error", () => {});
      servers.push(server.listen({ port, host: "127.0.0.1", exclusive: true }));
    }
    const story = new Story(t, HERE, STEPS);
    t.is(await hashOf(t, story), expected);
    await story.leavesNothing(GONE_MS, "with few ports");
  },
);

test.serial("three runs at once on the same hosts have the weights of one rank, all", async (t) => {
  const expected = await hashOf(t, new Story(t, ONE_RANK, STEPS));
  const all = FORMS.map((form) => new Story(t, HERE, [...STEPS, "--allreduce", form]));
  t.deepEqual(
    await Promise.all(all.map((story) => hashOf(t, story))),
    FORMS.map(() => expected),
  );
  for (const story of all) await story.leavesNothing(GONE_MS, "beside others");
});

const overSsh = hasSshd ? test.serial : test.skip;

overSsh("three runs at once behind one sshd have the weights of one rank, all", async (t) => {
  const expected = await hashOf(t, new Story(t, ONE_RANK, STEPS));
  const cast = await behindSsh(t);
  const all = FORMS.map((form) => new Story(t, cast, [...STEPS, "--allreduce", form]));
  t.deepEqual(
    await Promise.all(all.map((story) => hashOf(t, story))),
    FORMS.map(() => expected),
  );
  for (const story of all) await story.leavesNothing(GONE_MS, "beside others");
});
