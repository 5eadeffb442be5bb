/**
 * One of several processes in one thread: the twin of its ranks, of its exchange, and of how it collects
 * weights between steps.
 */
import { elementCount, type Tensor } from "../../src/graph/tensor.ts";
import type { Meetings } from "../../src/program/execute.ts";
import type { Instruction, Program } from "../../src/program/instruction.ts";
import type { Place } from "../../src/program/piece-places.ts";
import type { Transfer } from "../../src/program/transfers.ts";
import { gather, placesOfTransfer, scatter, sumOfBytes } from "../../src/rank/pieces.ts";
import type { OneThread } from "./one-thread.ts";
import { RankInTurn } from "./rank-in-turn.ts";

/** A message on its way: without bytes until it has left. */
export interface Message {
  /** The step in which it is made, or after which weights are told. */
  readonly step: number;
  /** Null for weights that are told between steps. */
  readonly transfer: Transfer | null;
  /** Where its bytes are, in the memory of whoever sends or receives it. */
  readonly places: (job: OneThread) => Place[];
  readonly receiver: number;
  bytes: Uint8Array | null;
}

/** Of a step: the place of its first sample in the streams, and how many there are. */
export interface Samples {
  readonly position: number;
  readonly batch: number;
}

export class ProcessInTurn {
  readonly job: OneThread;
  readonly ranks: RankInTurn[];
  readonly #parts = new Map<number, number>();
  readonly #arrived = new Set<number>();
  readonly #left = new Set<number>();
  /** By gate: how many ranks have passed it in this step. */
  readonly #passed = new Map<number, number>();
  #entered = -1;
  /** The step in hand, and its samples; 0 before the first. */
  step = 0;
  #batch = 0;
  /** Weights that are still to come, after the step in hand; null while ranks are at it. */
  #awaited: number | null = null;
  /** In the order in which they were made. */
  outbox: Message[] = [];
  /** What it has made to be added to what the others make. */
  readonly toAdd = new Set<Transfer>();

  constructor(job: OneThread) {
    this.job = job;
    const nothing = () => {};
    const meetings: Meetings = {
      ...{ barrier: nothing, wait: nothing, drain: nothing, hold: nothing },
      pass: (gate) => void this.#passed.set(gate, (this.#passed.get(gate) ?? 0) + 1),
      enter: (phase) => {
        this.#entered = phase;
      },
      start: (id) => this.#start(this.job.layout.transfers[id]),
    };
    this.ranks = (job.layout.train as Program[]).map((program) => new RankInTurn(program, job, meetings));
  }

  begin({ position, batch }: Samples): void {
    for (const kept of [this.#parts, this.#arrived, this.#left, this.#passed]) kept.clear();
    this.#entered = -1;
    this.#awaited = null;
    this.#batch = batch;
    this.step++;
    for (const rank of this.ranks) rank.begin(position, batch);
  }

  get hasEnded(): boolean {
    return this.ranks.every((rank) => rank.hasEnded);
  }

  /** Begins to tell the weights of its stages, and to wait for those of others. */
  collect(): void {
    const { layout, world } = this.job;
    this.#awaited = 0;
    for (const { holders, others, tensors } of layout.holdings) {
      if (others.includes(world.self)) this.#awaited += tensors.length;
      if (holders[0] === world.self)
        for (const tensor of tensors) this.#post(null, others, (job) => [placeOf(job, tensor)]);
    }
  }

  get isCollecting(): boolean {
    return this.#awaited !== null;
  }

  get hasCollected(): boolean {
    return (
      this.#awaited === 0 && this.outbox.every(({ transfer, bytes }) => transfer !== null || bytes !== null)
    );
  }

  /** The ranks that need not wait: of those at a barrier, all or none. */
  get free(): RankInTurn[] {
    if (this.step === 0) return [];
    const isAtBarrier = (rank: RankInTurn) => rank.waitsFor?.kind === "barrier" && !rank.hasEnded;
    if (this.ranks.every(isAtBarrier)) return this.ranks;
    return this.ranks.filter((rank) => !rank.hasEnded && !isAtBarrier(rank) && this.#isMet(rank.waitsFor));
  }

  /** Goes on with a rank; past a barrier with all of them. */
  goOn(rank: RankInTurn, turns: (ranks: readonly RankInTurn[]) => readonly RankInTurn[]): void {
    for (const one of rank.waitsFor?.kind === "barrier" ? turns(this.ranks) : [rank]) one.goOn();
  }

  /** Whoever is a step ahead is heard when this process has come to that step. */
  hasRoomFor({ transfer, step }: Message): boolean {
    if (step !== this.step) return false;
    return transfer === null ? this.isCollecting : transfer.phase <= this.#entered;
  }

  /** Puts a message into its place, and passes on what is to be passed on. */
  take({ transfer, places, bytes }: Message): void {
    const { job } = this;
    const there = places(job);
    if (sumOfBytes(there) !== bytes?.length) throw new Error(`transfer ${transfer?.id} is of another size`);
    scatter(job.memory, there, bytes);
    if (transfer === null) (this.#awaited as number)--;
    else this.#hasCome(transfer);
  }

  /** Takes a message's bytes as they are now. */
  leave(message: Message): void {
    const { transfer, places } = message;
    const here = places(this.job);
    message.bytes = new Uint8Array(sumOfBytes(here));
    gather(this.job.memory, here, message.bytes);
    if (transfer && this.outbox.every((other) => other.transfer !== transfer || other.bytes !== null))
      this.#left.add(transfer.id);
  }

  /** The places of what is added. */
  placesOf({ id }: Transfer): Float32Array[] {
    const { layout, world, memory } = this.job;
    return placesOfTransfer(layout.transfers[id], world, 0).map(
      ({ address, runBytes }) => new Float32Array(memory.buffer, address, runBytes / 4),
    );
  }

  isAdded(transfer: Transfer): void {
    this.toAdd.delete(transfer);
    this.#arrived.add(transfer.id);
  }

  #hasCome({ id, next }: Transfer): void {
    if (this.#arrived.has(id)) throw new Error(`transfer ${id} arrives twice`);
    this.#arrived.add(id);
    if (next >= 0) this.#send(this.job.layout.transfers[next]);
  }

  #isMet(waitsFor: Instruction | null): boolean {
    if (waitsFor?.kind === "wait") return this.#arrived.has(waitsFor.subject);
    if (waitsFor?.kind === "hold")
      return (
        this.#passed.get(waitsFor.subject) === this.job.layout.pipeline?.gates[waitsFor.subject].gang.ranks
      );
    return waitsFor?.kind !== "drain" || this.#left.has(waitsFor.subject);
  }

  #start(transfer: Transfer): void {
    const parts = (this.#parts.get(transfer.id) ?? 0) + 1;
    this.#parts.set(transfer.id, parts);
    if (parts > transfer.parts) throw new Error(`transfer ${transfer.id} has too many parts`);
    if (parts < transfer.parts) return;
    if (transfer.allreduce === null) this.#send(transfer);
    else this.toAdd.add(transfer);
  }

  #send(transfer: Transfer): void {
    const batch = this.#batch;
    this.#post(transfer, transfer.receivers, ({ layout, world }) =>
      placesOfTransfer(layout.transfers[transfer.id], world, batch),
    );
  }

  #post(transfer: Message["transfer"], receivers: readonly number[], places: Message["places"]): void {
    const { step } = this;
    this.outbox.push(...receivers.map((receiver) => ({ step, transfer, places, receiver, bytes: null })));
  }
}

const placeOf = ({ address }: OneThread, { name, shape }: Tensor): Place => {
  const bytes = 4 * elementCount(shape);
  return { address: address(name), runs: 1, runBytes: bytes, strideBytes: bytes };
};
