/**
 * Several processes in one thread, each with a memory of its own, between which transfers are copied: the twin of ranks, exchange
 * and links. What happens next is drawn: a rank goes on to its next meeting, a message leaves, a message arrives.
 */
import { batchCount, batchSize } from "../../src/data/shares.ts";
import { elementCount, type Tensor } from "../../src/graph/tensor.ts";
import { Executor, type Meetings } from "../../src/program/execute.ts";
import type { Instruction, Program } from "../../src/program/instruction.ts";
import { placeOfRank } from "../../src/program/pipeline-place.ts";
import { StepParameters } from "../../src/program/step-parameters.ts";
import type { Transfer } from "../../src/program/transfers.ts";
import { gather, placesOfTransfer, scatter, sumOfBytes } from "../../src/rank/pieces.ts";
import { type OneThread, oneThread, type Wish } from "./one-thread.ts";

/** Draws an integer in [0, n). */
export type Draw = (n: number) => number;

/** Draws that are always the same for a seed. */
export function drawing(seed: number): Draw {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Processes with so many ranks each. */
export function processesInTurn(wish: Omit<Wish, "ranks" | "world">, ranks: readonly number[]): OneThread[] {
  return ranks.map((_, self) => oneThread({ ...wish, world: { self, ranks } }));
}

/** What a rank executes until it meets somebody, and whom: null at the end of its program. */
interface Stretch {
  readonly executor: Executor;
  readonly until: Instruction | null;
}

const isWait = ({ kind }: Instruction): boolean => ["wait", "drain", "barrier", "hold"].includes(kind);

class Rank {
  readonly #stretches: Stretch[];
  readonly #parameters: StepParameters;
  #at = 0;

  constructor({ rank, instructions }: Program, job: OneThread, meetings: Meetings) {
    this.#parameters = new StepParameters(
      job.world,
      rank,
      job.layout.pipeline && placeOfRank(job.layout.pipeline, job.world.self, rank),
    );
    const ends = instructions.flatMap((instruction, index) => (isWait(instruction) ? [index] : []));
    this.#stretches = [...ends, instructions.length].map((end, index, all) => ({
      executor: new Executor(
        { rank, instructions: instructions.slice(index === 0 ? 0 : all[index - 1] + 1, end) },
        job.kernels,
        meetings,
      ),
      until: instructions[end] ?? null,
    }));
  }

  begin(position: number, batch: number): void {
    this.#parameters.set(position, batch);
    this.#at = 0;
  }

  /** What it waits for, having executed all before it; null before it has begun, and when it has ended. */
  get waitsFor(): Instruction | null {
    return this.#at === 0 ? null : this.#stretches[this.#at - 1].until;
  }

  get hasEnded(): boolean {
    return this.#at === this.#stretches.length;
  }

  goOn(): void {
    this.#stretches[this.#at++].executor.run(this.#parameters.numbers);
  }
}

/** A message on its way: without bytes until it has left. */
interface Message {
  readonly transfer: Transfer;
  readonly receiver: number;
  bytes: Uint8Array | null;
}

class Process {
  readonly job: OneThread;
  readonly ranks: Rank[];
  readonly #parts = new Map<number, number>();
  readonly #arrived = new Set<number>();
  readonly #left = new Set<number>();
  /** By gate: how many ranks have passed it in this step. */
  readonly #passed = new Map<number, number>();
  #entered = -1;
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
    this.ranks = (job.layout.train as Program[]).map((program) => new Rank(program, job, meetings));
  }

  begin(position: number, batch: number): void {
    for (const kept of [this.#parts, this.#arrived, this.#left, this.#passed]) kept.clear();
    this.#entered = -1;
    for (const rank of this.ranks) rank.begin(position, batch);
  }

  /** The ranks that need not wait: of those at a barrier, all or none. */
  get free(): Rank[] {
    const isAtBarrier = (rank: Rank) => rank.waitsFor?.kind === "barrier" && !rank.hasEnded;
    if (this.ranks.every(isAtBarrier)) return this.ranks;
    return this.ranks.filter((rank) => !rank.hasEnded && !isAtBarrier(rank) && this.#isMet(rank.waitsFor));
  }

  /** Goes on with a rank; past a barrier with all of them. */
  goOn(rank: Rank, turns: (ranks: readonly Rank[]) => readonly Rank[]): void {
    for (const one of rank.waitsFor?.kind === "barrier" ? turns(this.ranks) : [rank]) one.goOn();
  }

  hasRoomFor({ transfer }: Message): boolean {
    return transfer.phase <= this.#entered;
  }

  /** Puts a message into its place, and passes on what is to be passed on. */
  take({ transfer: { id, next }, bytes }: Message, batch: number): void {
    if (this.#arrived.has(id)) throw new Error(`transfer ${id} arrives twice`);
    const { job } = this;
    const places = placesOfTransfer(job.layout.transfers[id], job.world, batch);
    if (sumOfBytes(places) !== bytes?.length) throw new Error(`transfer ${id} is of another size`);
    scatter(job.memory, places, bytes);
    this.#arrived.add(id);
    if (next >= 0) this.#send(job.layout.transfers[next]);
  }

  /** Takes a message's bytes as they are now. */
  leave(message: Message, batch: number): void {
    const { transfer } = message;
    const places = placesOfTransfer(transfer, this.job.world, batch);
    message.bytes = new Uint8Array(sumOfBytes(places));
    gather(this.job.memory, places, message.bytes);
    if (this.outbox.every((other) => other.transfer !== transfer || other.bytes !== null))
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
    this.outbox.push(...transfer.receivers.map((receiver) => ({ transfer, receiver, bytes: null })));
  }
}

/** The first `steps` steps of training; returns the mean loss of each, as process 0 sees it. */
export function trainProcesses(jobs: readonly OneThread[], steps: number, draw: Draw): number[] {
  const [{ data, batch, memory, address }] = jobs;
  const processes = jobs.map((job) => new Process(job));
  const stepLoss = new Float64Array(memory.buffer, address("stepLoss"), 1);
  return Array.from({ length: steps }, (_, done) => {
    const index = done % batchCount(data.train.count, batch);
    const size = batchSize(data.train.count, batch, index);
    for (const process of processes) process.begin(index * batch, size);
    while (happen(processes, size, draw));
    for (const { ranks, outbox } of processes)
      if (!ranks.every(({ hasEnded }) => hasEnded) || outbox.length > 0) throw new Error("deadlock");
    return stepLoss[0] / size;
  });
}

/** Tells all processes the weights of all stages, as a session does between steps. */
export function collect(jobs: readonly OneThread[]): void {
  for (const [index, { holders, others, tensors }] of jobs[0].layout.holdings.entries()) {
    const [from] = holders;
    for (const to of others)
      for (const [at, tensor] of tensors.entries())
        weightsOf(jobs[to], jobs[to].layout.holdings[index].tensors[at]).set(weightsOf(jobs[from], tensor));
  }
}

const weightsOf = ({ memory, address }: OneThread, { name, shape }: Tensor): Float32Array =>
  new Float32Array(memory.buffer, address(name), elementCount(shape));

/** Lets one of the things happen that can; false if none can. */
function happen(processes: readonly Process[], batch: number, draw: Draw): boolean {
  const events = processes.flatMap((process) => [
    ...process.free.map((rank) => () => process.goOn(rank, (ranks) => shuffled(ranks, draw))),
    ...departures(process).map((message) => () => process.leave(message, batch)),
    ...sums(process, processes).map((transfer) => () => add(transfer, processes)),
    ...arrivals(process, processes).map((message) => () => {
      process.outbox = process.outbox.filter((other) => other !== message);
      processes[message.receiver].take(message, batch);
    }),
  ]);
  events[draw(events.length)]?.();
  return events.length > 0;
}

/** Messages of a link leave one after the other, and arrive in that order: the first that cannot holds up all after it. */
const heads = (messages: readonly Message[]): Message[] =>
  messages.filter(({ receiver }, index) => messages.findIndex((one) => one.receiver === receiver) === index);
const departures = ({ outbox }: Process): Message[] => heads(outbox.filter(({ bytes }) => bytes === null));
const arrivals = ({ outbox }: Process, processes: readonly Process[]): Message[] =>
  heads(outbox).filter(
    (message) => message.bytes !== null && processes[message.receiver].hasRoomFor(message),
  );

/** What all processes have made their part of, if this is the first of them. */
const sums = (process: Process, processes: readonly Process[]): Transfer[] =>
  process !== processes[0]
    ? []
    : [...process.toAdd].filter(({ id }) =>
        processes.every(({ toAdd }) => [...toAdd].some((other) => other.id === id)),
      );

function add(transfer: Transfer, processes: readonly Process[]): void {
  const all = processes.map((process) => process.placesOf(transfer));
  for (const [piece, sum] of all[0].entries()) {
    for (const other of all.slice(1)) sum.set(sum.map((value, index) => value + other[piece][index]));
    for (const other of all.slice(1)) other[piece].set(sum);
  }
  for (const process of processes) process.isAdded(process.job.layout.transfers[transfer.id]);
}

function shuffled<T>(list: readonly T[], draw: Draw): T[] {
  const rest = [...list];
  return list.map(() => rest.splice(draw(rest.length), 1)[0]);
}
