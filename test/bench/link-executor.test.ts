import { Worker } from "node:worker_threads";
import test from "ava";
import { AdderQueue, adderWords, sumAsPosted } from "../../src/bench/adder.ts";
import { costsOf } from "../../src/bench/link-costs.ts";
import { LinkExecutor, type PostSum } from "../../src/bench/link-executor.ts";
import { ALLREDUCE_NAMES, ALLREDUCES, listsOf } from "../../src/collective/algorithms.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import type { Arrival, Message, Transport } from "../../src/transport/transport.ts";
import { randomOf } from "../collective/group.ts";

const BUFFER = 1024;
const SCRATCH = 65536;

interface UnderWay {
  readonly from: number;
  readonly to: number;
  readonly message: Message;
  readonly sent: () => void;
}

/** All members of a group in one thread: what they send waits until `deliver` takes something from some link. */
class Switchboard {
  readonly executors: LinkExecutor[] = [];
  readonly memories: WebAssembly.Memory[];
  readonly #underWay = new Map<string, UnderWay[]>();

  constructor(size: number) {
    this.memories = Array.from({ length: size }, () => createMemory(2 ** 18));
  }

  transportOf(self: number): Transport {
    const peers = this.memories.map((_, peer) => peer).filter((peer) => peer !== self);
    return {
      ...{ self, peers, statistics: { bytesSent: 0, bytesReceived: 0 } },
      send: (to, message, sent) => {
        const link = this.#underWay.get(`${self} ${to}`) ?? [];
        this.#underWay.set(`${self} ${to}`, link);
        link.push({ from: self, to, message, sent });
      },
      resume: () => {},
      abort: () => {},
      close: async () => {},
    };
  }

  /** Delivers the first message of some link whose receiver has a place for it; false where there is none. */
  deliver(random: () => number): boolean {
    const links = [...this.#underWay.values()].filter((link) => link.length > 0);
    while (links.length > 0) {
      const [link] = links.splice(Math.floor(random() * links.length), 1);
      const [{ from, to, message, sent }] = link;
      const { channel, sequence, flags, bytes } = message;
      const arrival: Arrival = { peer: from, channel, sequence, flags, bytes: bytes.length };
      const place = this.executors[to].place(arrival);
      if (place === null) continue;
      place.set(bytes);
      link.shift();
      sent();
      this.executors[to].arrived(arrival);
      return true;
    }
    return false;
  }
}

test("every algorithm, three times over, in any order of arrivals: sums are right, and a peer ahead has to wait", (t) => {
  for (const name of ALLREDUCE_NAMES)
    for (const size of [2, 3, 5]) {
      const count = 37;
      const board = new Switchboard(size);
      const lists = listsOf(ALLREDUCES[name], size, count, 10);
      const random = randomOf(size);
      const rounds = board.memories.map(() => 0);
      const buffers = board.memories.map((memory) => new Float32Array(memory.buffer, BUFFER, count));
      const begun: (() => void)[] = [];
      const next = (member: number) => {
        const sums = rounds[member] > 0 ? buffers[member] : [];
        for (const sum of sums) t.is(sum, (size * (size + 1)) / 2, `${name} ${size}`);
        if (rounds[member]++ === 3) return;
        buffers[member].fill(member + 1);
        // Later, as a caller that awaits would.
        begun.push(() => board.executors[member].run(() => next(member)));
      };
      for (const [member, memory] of board.memories.entries()) {
        const floats = new Float32Array(memory.buffer);
        const add: PostSum = (item, to, left, right, many) => {
          for (let i = 0; i < many; i++) floats[to / 4 + i] = floats[left / 4 + i] + floats[right / 4 + i];
          board.executors[member].complete(item);
        };
        const memories = { memory, addresses: { buffer: BUFFER, scratch: SCRATCH } };
        board.executors.push(new LinkExecutor(lists[member], memories, board.transportOf(member), add, 0));
      }
      for (const member of board.memories.keys()) next(member);
      do {
        if (begun.length > 0 && random() < 0.5) begun.splice(Math.floor(random() * begun.length), 1)[0]();
      } while (board.deliver(random) || begun.length > 0);
      t.true(
        rounds.every((round) => round === 4),
        `${name} ${size}`,
      );
    }
});

test("a message of another length, or another number, is refused by name", (t) => {
  const board = new Switchboard(2);
  const [list] = listsOf(ALLREDUCES.ring, 2, 20, 20);
  const memories = { memory: board.memories[0], addresses: { buffer: BUFFER, scratch: SCRATCH } };
  const executor = new LinkExecutor(list, memories, board.transportOf(0), () => {}, 6);
  const arrival = { peer: 1, channel: 0, sequence: 7, flags: 0, bytes: 40 };
  t.is(executor.place(arrival), null, "no execution has begun");
  executor.run(() => {});
  t.is(executor.place({ ...arrival, sequence: 8 }), null, "the peer is one ahead");
  t.is(executor.place(arrival)?.length, 40);
  for (const wrong of [{ bytes: 36 }, { channel: 1 }])
    t.throws(() => executor.place({ ...arrival, ...wrong }), { code: "unexpected-message" });
});

test("an adder on another thread sums what is posted, in order, round its queue", async (t) => {
  const memory = createMemory(65536);
  const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(3)));
  const module = new URL("../../src/bench/adder.js", import.meta.url).href;
  const worker = new Worker(
    `const { workerData: { words, memory, module } } = require("node:worker_threads");
     const floats = new Float32Array(memory.buffer);
     const add = (to, left, right, count) => {
       for (let i = 0; i < count; i++) floats[to / 4 + i] = floats[left / 4 + i] + floats[right / 4 + i];
     };
     import(module).then(({ sumAsPosted }) => sumAsPosted(words, { add }, 10));`,
    { eval: true, workerData: { words, memory, module } },
  );
  const left = new Promise((resolve) => worker.once("exit", resolve));
  const floats = new Float32Array(memory.buffer, BUFFER, 8).fill(1);
  const heard: number[] = [];
  await new Promise<void>((resolve) => {
    const queue = new AdderQueue(words, (item) => {
      heard.push(item);
      if (heard.length < 20) post(heard.length + 1);
      if (heard.length === 21) resolve(queue.leave());
    });
    const post = (item: number) => queue.post(item, BUFFER, BUFFER, BUFFER + 16, 4);
    post(0);
    post(1);
  });
  await left;
  t.deepEqual(
    heard,
    Array.from({ length: 21 }, (_, i) => i),
  );
  t.deepEqual([...floats], [22, 22, 22, 22, 1, 1, 1, 1]);
});

test("who is told to leave does so without summing", (t) => {
  const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(1)));
  new AdderQueue(words, () => {}).leave();
  sumAsPosted(words, { add: () => t.fail() }, 1);
  t.pass();
});

test("costs come from the time of one hop and the rate of a long ring", (t) => {
  const costs = costsOf(4, 200, 6 * 100 + 3 * 2 ** 20);
  t.is(costs.latencyUs + costs.messageUs, 100);
  t.is(costs.bytesPerUs, 1);
});
