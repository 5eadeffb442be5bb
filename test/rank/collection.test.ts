/** Who tells whom which weights between steps, in whatever order processes come to it. */
import { mock } from "node:test";
import test from "ava";
import type { Tensor } from "../../src/graph/tensor.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import type { Holding } from "../../src/program/holdings.ts";
import { Collection } from "../../src/rank/collection.ts";
import { TRANSFER_GRACE_MS } from "../../src/rank/patience.ts";
import { BETWEEN_STEPS } from "../../src/rank/replicas.ts";
import type { Message, Transport } from "../../src/transport/transport.ts";

const CHANNEL = 3;
const ROUND = BETWEEN_STEPS + 40;
const ELEMENTS = 5;

/** One tensor a gang; process 1 has a rank of each. */
const HOLDINGS: Holding[] = [
  { gang: 0, holders: [0, 1], others: [2], tensors: [tensor("first")] },
  { gang: 1, holders: [1, 2], others: [0], tensors: [tensor("second")] },
];
const ADDRESSES: Readonly<Record<string, number>> = { first: 64, second: 128 };

function tensor(name: string): Tensor {
  return { name, shape: [ELEMENTS], type: "f32" } as unknown as Tensor;
}

/** One of three processes, and what is on its way to it. */
class Process {
  readonly self: number;
  readonly collection: Collection;
  readonly #memory = createMemory(65536);
  readonly #transport: Transport;
  readonly #coming: { peer: number; channel: number; sequence: number; bytes: Uint8Array }[] = [];

  constructor(self: number, all: readonly Process[]) {
    this.self = self;
    const addressOf = ({ name }: Tensor) => ADDRESSES[name];
    this.collection = new Collection({
      ...{ world: { self, ranks: [1, 2, 1] }, holdings: HOLDINGS, memory: this.#memory, addressOf },
      channel: CHANNEL,
    });
    const send = (peer: number, { channel, sequence, bytes }: Message, sent: () => void) => {
      all[peer].#coming.push({ peer: self, channel, sequence, bytes: bytes.slice() });
      sent();
    };
    this.#transport = { self, send, resume: () => this.hear() } as unknown as Transport;
    for (const { holders, tensors } of HOLDINGS)
      for (const { name } of tensors)
        this.weights(name).fill(holders.includes(self) ? 7 + ADDRESSES[name] : 0);
  }

  weights(name: string): Float32Array {
    return new Float32Array(this.#memory.buffer, ADDRESSES[name], ELEMENTS);
  }

  collect(): Promise<void> {
    return this.collection.collect(this.#transport, ROUND, 1000);
  }

  /** Takes what has a place. */
  hear(): void {
    for (const message of this.#coming.splice(0)) {
      const arrival = { ...message, flags: 0, bytes: message.bytes.length };
      const place = this.collection.place(arrival);
      place?.set(message.bytes);
      if (place === null) this.#coming.push(message);
      else this.collection.arrived(arrival);
    }
  }
}

function threeProcesses(): Process[] {
  const all: Process[] = [];
  for (let self = 0; self < 3; self++) all.push(new Process(self, all));
  return all;
}

for (const order of [
  [0, 1, 2],
  [2, 1, 0],
  [1, 2, 0],
])
  test.serial(`processes that come in the order ${order} have all weights`, async (t) => {
    const all = threeProcesses();
    const rounds = order.map((self) => all[self].collect());
    for (const process of all) process.hear();
    await Promise.all(rounds);
    for (const process of all)
      for (const name of ["first", "second"])
        t.deepEqual([...process.weights(name)], Array(ELEMENTS).fill(7 + ADDRESSES[name]));
  });

test.serial("who does not come, though others have its weights to get, is named", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.teardown(() => mock.timers.reset());
  const [alone] = threeProcesses();
  const failing = alone.collect();
  mock.timers.tick(1000 + TRANSFER_GRACE_MS);
  await t.throwsAsync(failing, {
    code: "collecting-late",
    message: "process 1 (ranks 1–2) did not tell or take the weights of stages in 1 s",
  });
});

test.serial("who sends weights that are another's to send is told", (t) => {
  const [first] = threeProcesses();
  const arrival = { peer: 2, channel: CHANNEL + 1, sequence: ROUND, flags: 0, bytes: 4 * ELEMENTS };
  t.throws(() => first.collection.place(arrival), {
    code: "unexpected-message",
    message: "process 2 sent 20 bytes of second, where 20 of process 1 were expected",
  });
});
