/** This process among those that measure together: its links, its memory, its ranks, and who sums. */
import type { ActionList } from "../collective/action.ts";
import type { Sum } from "../collective/link-collective.ts";
import { LinkCollectives } from "../collective/link-collectives.ts";
import { compileKernels, instantiateKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import { Links } from "../transport/links.ts";
import type { AdderQueue } from "./adder.ts";
import type { ProcessOrder } from "./process-order.ts";
import { mostPosted, sumInside } from "./process-sum.ts";
import { TeamInbox } from "./team-inbox.ts";
import { listsOfTeam, type TeamPlaces, teamPlaces } from "./team-memory.ts";
import { TeamRanks } from "./team-ranks.ts";

interface Parts {
  readonly inbox: TeamInbox;
  readonly transport: Links;
  readonly memory: WebAssembly.Memory;
  readonly places: TeamPlaces;
  readonly sum: Sum;
  /** None where the process has one rank, and the main thread sums. */
  readonly ranks: TeamRanks;
}

export class Team {
  readonly #parts: Parts;
  readonly #collectives: LinkCollectives;
  /** Each list has a channel of its own. */
  #channel = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#collectives = new LinkCollectives(parts.transport, parts.sum);
    parts.inbox.collectives = this.#collectives;
  }

  /** Resolves when all are linked. */
  static async open(order: ProcessOrder): Promise<Team> {
    const { self, processes, cases, key, security, addresses, sums } = order;
    const lists = listsOfTeam(cases, self);
    const { module } = compileKernels("auto");
    const places = teamPlaces(cases, lists, order.ranks.length);
    const memory = createMemory(places.endBytes);
    const inbox = new TeamInbox();
    const transport = await Links.open({
      ...{ self, security, inbox, run: 1n, runKey: Buffer.from(key, "hex"), digest: {} },
      names: Array.from({ length: processes }, (_, process) => `process ${process}`),
      addresses: new Map(addresses),
    });
    const many = order.ranks.length;
    const ofLists = lists.map(({ actions }) => actions.length);
    const ofCases = cases.map(({ bytes }) => mostPosted(many, bytes / 4));
    const most = Math.max(...ofLists, ...ofCases) + 1;
    const isBusy = many > 1 || sums === "rank";
    const ranks = new TeamRanks(isBusy ? many : 0, module, memory, most, (error) => inbox.fail(error));
    const sum = sums === "rank" ? sumOf(ranks.queues[0]) : sumHere(module, memory);
    return new Team({ inbox, transport, memory, places, sum, ranks });
  }

  /** The first floats of the buffer that lists work on. */
  buffer(count: number): Float32Array {
    return this.#floats(this.#parts.places.buffer, count);
  }

  scratch(count: number): Float32Array {
    return this.#floats(this.#parts.places.scratch, count);
  }

  /** Of each rank of this process. */
  inputs(count: number): Float32Array[] {
    return this.#parts.places.inputs.map((input) => this.#floats(input, count));
  }

  /** Makes a list ready: what executes it once. All lists work in the same place, so one at a time. */
  ready(list: ActionList): () => Promise<void> {
    const run = this.#prepare(list);
    return () => this.#parts.inbox.unlessFailed(run);
  }

  /** The same after the sum of this process's ranks: what leaves their sum, and all other processes', in the buffer. */
  allreduce(list: ActionList, count: number): () => Promise<void> {
    const { inbox, ranks, places } = this.#parts;
    if (places.inputs.length === 1) return this.ready(list);
    const run = this.#prepare(list);
    return () =>
      inbox.unlessFailed((done) =>
        sumInside(ranks.queues, places.inputs, places.buffer, count, () => run(done)),
      );
  }

  /** Resolves to rank 0's number. */
  agree(value: number): Promise<number> {
    return this.#parts.inbox.agree(this.#parts.transport, value);
  }

  async close(): Promise<void> {
    await Promise.all([this.#parts.transport.close(), this.#parts.ranks.leave()]);
  }

  #prepare(list: ActionList): (done: () => void) => void {
    const { buffer, scratch, bufferBytes, scratchBytes } = this.#parts.places;
    this.#collectives.remove(this.#channel++);
    const collective = this.#collectives.prepare(this.#channel, {
      ...{ list, buffer: this.#floats(buffer, bufferBytes / 4) },
      scratch: this.#floats(scratch, scratchBytes / 4),
    });
    return (done) => collective.run(done);
  }

  #floats(address: number, count: number): Float32Array {
    return new Float32Array(this.#parts.memory.buffer, address, count);
  }
}

/** On this thread, which moves the bytes. */
function sumHere(kernels: WebAssembly.Module, memory: WebAssembly.Memory): Sum {
  const { add } = instantiateKernels(kernels, memory);
  return (to, left, right, summed) => {
    add(to.byteOffset | 0, left.byteOffset | 0, right.byteOffset | 0, to.length);
    summed();
  };
}

/** On a rank, as in training. */
const sumOf =
  (rank: AdderQueue): Sum =>
  (to, one, other, summed) =>
    rank.post(to.byteOffset | 0, one.byteOffset | 0, other.byteOffset | 0, to.length, summed);
