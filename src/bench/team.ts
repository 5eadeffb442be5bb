/** This process among those that measure together: its links, its memory, and who sums. */
import { Worker } from "node:worker_threads";
import type { ActionList } from "../collective/action.ts";
import { ALLREDUCE_NAMES } from "../collective/algorithms.ts";
import { compileKernels, instantiateKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import { Arena } from "../program/arena.ts";
import { Links } from "../transport/links.ts";
import { AdderQueue, adderWords } from "./adder.ts";
import type { AdderJob } from "./adder-worker.ts";
import { type AllreduceCase, listsOfCase } from "./allreduce-case.ts";
import { PROBE_BYTES, probes } from "./link-costs.ts";
import { LinkExecutor, type PostSum } from "./link-executor.ts";
import type { ProcessOrder } from "./process-order.ts";
import { reserveApart } from "./roofs.ts";
import { TeamInbox } from "./team-inbox.ts";

interface Memories {
  readonly memory: WebAssembly.Memory;
  readonly addresses: { readonly buffer: number; readonly scratch: number };
}

export class Team {
  readonly #inbox: TeamInbox;
  readonly #transport: Links;
  readonly #memories: Memories;
  readonly #post: PostSum;
  readonly #end: () => Promise<void>;
  #execution = 0;

  private constructor(
    inbox: TeamInbox,
    transport: Links,
    memories: Memories,
    post: PostSum,
    end: () => Promise<void>,
  ) {
    this.#inbox = inbox;
    this.#transport = transport;
    this.#memories = memories;
    this.#post = post;
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
    const summed = (item: number) => inbox.executor?.complete(item);
    if (sums === "main") {
      const { add } = instantiateKernels(module, memories.memory);
      const post: PostSum = (item, to, left, right, count) => {
        add(to | 0, left | 0, right | 0, count);
        summed(item);
      };
      return new Team(inbox, transport, memories, post, async () => {});
    }
    const places = Math.max(...lists.map(({ actions }) => actions.length));
    const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(places + 1)));
    const queue = new AdderQueue(words, summed);
    const job: AdderJob = { kernels: module, memory: memories.memory, words };
    const adder = new Worker(new URL("./adder-worker.js", import.meta.url), { workerData: job });
    const left = new Promise<void>((resolve) => adder.once("exit", () => resolve()));
    adder.once("error", (error: Error) => inbox.fail(error));
    const post: PostSum = (item, to, one, other, count) =>
      queue.post(item, to | 0, one | 0, other | 0, count);
    return new Team(inbox, transport, memories, post, () => {
      queue.leave();
      return left;
    });
  }

  /** The first floats of the buffer that lists work on. */
  buffer(count: number): Float32Array {
    const { memory, addresses } = this.#memories;
    return new Float32Array(memory.buffer, addresses.buffer, count);
  }

  /** Makes a list the one that is executed from now on. */
  ready(list: ActionList): () => Promise<void> {
    const { executor } = this.#inbox;
    this.#execution = executor?.execution ?? this.#execution;
    const next = new LinkExecutor(list, this.#memories, this.#transport, this.#post, this.#execution);
    this.#inbox.executor = next;
    // What another process has sent already was refused until now.
    this.#transport.resume();
    return () => this.#inbox.unlessFailed((done) => next.run(done));
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
  const buffer = reserveApart(arena, Math.max(PROBE_BYTES, ...cases.map(({ bytes }) => bytes)));
  const scratch = reserveApart(arena, 4 * Math.max(...lists.map(({ scratchCount }) => scratchCount)));
  return { memory: createMemory(arena.endBytes), addresses: { buffer, scratch } };
}
