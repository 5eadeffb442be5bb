/** This process among those that measure together: its links, its memory, and who sums. */
import { Worker } from "node:worker_threads";
import type { ActionList } from "../collective/action.ts";
import { ALLREDUCE_NAMES } from "../collective/algorithms.ts";
import type { LinkCollective, Sum } from "../collective/link-collective.ts";
import { LinkCollectives } from "../collective/link-collectives.ts";
import { compileKernels, instantiateKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import { Arena } from "../program/arena.ts";
import { Links } from "../transport/links.ts";
import { AdderQueue, adderWords } from "./adder.ts";
import type { AdderJob } from "./adder-worker.ts";
import { type AllreduceCase, listsOfCase } from "./allreduce-case.ts";
import { PROBE_BYTES, probes } from "./link-costs.ts";
import type { ProcessOrder } from "./process-order.ts";
import { reserveApart } from "./roofs.ts";
import { TeamInbox } from "./team-inbox.ts";

interface Memories {
  readonly memory: WebAssembly.Memory;
  readonly buffer: Float32Array;
  readonly scratch: Float32Array;
}

export class Team {
  readonly #inbox: TeamInbox;
  readonly #transport: Links;
  readonly #memories: Memories;
  readonly #collectives: LinkCollectives;
  readonly #end: () => Promise<void>;
  /** Each list has a channel of its own. */
  #channel = 0;

  private constructor(
    inbox: TeamInbox,
    transport: Links,
    memories: Memories,
    sum: Sum,
    end: () => Promise<void>,
  ) {
    this.#inbox = inbox;
    this.#transport = transport;
    this.#memories = memories;
    this.#collectives = new LinkCollectives(transport, sum);
    inbox.collectives = this.#collectives;
    this.#end = end;
  }

  /** Resolves when all are linked. */
  static async open(order: ProcessOrder): Promise<Team> {
    const { self, processes, key, security, addresses, sums } = order;
    const lists = listsOfAll(order);
    const { module } = compileKernels("auto");
    const memories = memoriesFor(order.cases, lists);
    const inbox = new TeamInbox();
    const transport = await Links.open({
      ...{ self, security, inbox, run: 1n, runKey: Buffer.from(key, "hex"), digest: {} },
      names: Array.from({ length: processes }, (_, process) => `process ${process}`),
      addresses: new Map(addresses),
    });
    if (sums === "main") {
      const { add } = instantiateKernels(module, memories.memory);
      const sum: Sum = (to, left, right, summed) => {
        add(to.byteOffset | 0, left.byteOffset | 0, right.byteOffset | 0, to.length);
        summed();
      };
      return new Team(inbox, transport, memories, sum, async () => {});
    }
    const places = Math.max(...lists.map(({ actions }) => actions.length));
    const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(places + 1)));
    const queue = new AdderQueue(words);
    const job: AdderJob = { kernels: module, memory: memories.memory, words };
    const adder = new Worker(new URL("./adder-worker.js", import.meta.url), { workerData: job });
    const left = new Promise<void>((resolve) => adder.once("exit", () => resolve()));
    adder.once("error", (error: Error) => inbox.fail(error));
    const sum: Sum = (to, one, other, summed) =>
      queue.post(to.byteOffset | 0, one.byteOffset | 0, other.byteOffset | 0, to.length, summed);
    return new Team(inbox, transport, memories, sum, () => {
      queue.leave();
      return left;
    });
  }

  /** The first floats of the buffer that lists work on. */
  buffer(count: number): Float32Array {
    return this.#memories.buffer.subarray(0, count);
  }

  scratch(count: number): Float32Array {
    return this.#memories.scratch.subarray(0, count);
  }

  /** Makes a list ready: what executes it once. All lists work in the same place, so one at a time. */
  ready(list: ActionList): () => Promise<void> {
    this.#collectives.remove(this.#channel++);
    const { buffer, scratch } = this.#memories;
    const collective: LinkCollective = this.#collectives.prepare(this.#channel, { list, buffer, scratch });
    return () => this.#inbox.unlessFailed((done) => collective.run(done));
  }

  /** Resolves to rank 0's number. */
  agree(value: number): Promise<number> {
    return this.#inbox.agree(this.#transport, value);
  }

  async close(): Promise<void> {
    await Promise.all([this.#transport.close(), this.#end()]);
  }
}

/** All lists that may be executed: "auto" may become any. */
function listsOfAll({ cases, processes, self }: ProcessOrder): ActionList[] {
  const named = cases.flatMap((one) =>
    one.algorithm === "auto" ? ALLREDUCE_NAMES.map((algorithm) => ({ ...one, algorithm })) : [one],
  );
  const { short, long } = probes(processes, cases[0].transport);
  return [...named.map((one) => listsOfCase(one)[self]), short[self], long[self]];
}

function memoriesFor(cases: readonly AllreduceCase[], lists: readonly ActionList[]): Memories {
  const arena = new Arena();
  const bufferBytes = Math.max(PROBE_BYTES, ...cases.map(({ bytes }) => bytes));
  const scratchBytes = 4 * Math.max(...lists.map(({ scratchCount }) => scratchCount));
  const [buffer, scratch] = [bufferBytes, scratchBytes].map((bytes) => reserveApart(arena, bytes));
  const memory = createMemory(arena.endBytes);
  const floats = (address: number, bytes: number) => new Float32Array(memory.buffer, address, bytes / 4);
  return { memory, buffer: floats(buffer, bufferBytes), scratch: floats(scratch, scratchBytes) };
}
