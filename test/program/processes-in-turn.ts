/**
 * Several processes in one thread, each with a memory of its own, between which transfers are copied: the
 * twin of ranks, exchange and links. What happens next is drawn: a process begins a step, or tells its
 * stages' weights; a rank goes on to its next meeting; a message leaves; a message arrives. So one process
 * may be a step ahead of others.
 */
import type { Dataset } from "../../src/data/dataset.ts";
import { batchCount, batchSize } from "../../src/data/shares.ts";
import { elementCount, type Tensor } from "../../src/graph/tensor.ts";
import type { Transfer } from "../../src/program/transfers.ts";
import { type OneThread, oneThread, type Wish } from "./one-thread.ts";
import { type Message, ProcessInTurn, type Samples } from "./process-in-turn.ts";

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

/** As a session does after every few steps: for an evaluation, or a checkpoint. */
const STEPS_UNTIL_COLLECTED = 2;

/** Where in the streams a step's samples are. */
function samplesOf(step: number, { train }: Dataset, batch: number): Samples {
  const index = (step - 1) % batchCount(train.count, batch);
  return { position: index * batch, batch: batchSize(train.count, batch, index) };
}

/** Processes on their way through some steps, each as far as it comes. */
export class TrainingInTurn {
  readonly #processes: readonly ProcessInTurn[];
  readonly #steps: number;
  readonly #draw: Draw;
  /** Mean losses of the steps that are done, as process 0 sees them. */
  readonly losses: number[] = [];
  /** How often a process began a step while another had not ended the one before. */
  ahead = 0;

  constructor(jobs: readonly OneThread[], steps: number, draw: Draw) {
    this.#processes = jobs.map((job) => new ProcessInTurn(job));
    this.#steps = steps;
    this.#draw = draw;
  }

  /** Lets one of the things happen that can; false if none can. */
  happen(): boolean {
    const all = this.#processes;
    const events = all.flatMap((process) => [
      ...process.free.map((rank) => () => process.goOn(rank, (ranks) => shuffled(ranks, this.#draw))),
      ...departures(process).map((message) => () => process.leave(message)),
      ...sums(process, all).map((transfer) => () => add(transfer, all)),
      ...arrivals(process, all).map((message) => () => {
        process.outbox = process.outbox.filter((other) => other !== message);
        all[message.receiver].take(message);
      }),
      ...this.#turns(process),
    ]);
    events[this.#draw(events.length)]?.();
    this.#hear(all[0]);
    return events.length > 0;
  }

  #hear({ job: { memory, address, data, batch }, step, hasEnded }: ProcessInTurn): void {
    if (!hasEnded || step === this.losses.length) return;
    const [sum] = new Float64Array(memory.buffer, address("stepLoss"), 1);
    this.losses.push(sum / samplesOf(step, data, batch).batch);
  }

  get isDone(): boolean {
    return this.#processes.every(
      ({ hasEnded, step, outbox }) => hasEnded && step === this.#steps && outbox.length === 0,
    );
  }

  /** What a process does when its ranks have ended a step: it collects weights, or begins the next one. */
  #turns(process: ProcessInTurn): (() => void)[] {
    const { step, hasEnded, isCollecting, hasCollected } = process;
    if (step === 0) return [() => this.#begin(process)];
    if (!hasEnded || step === this.#steps) return [];
    const mustCollect = step % STEPS_UNTIL_COLLECTED === 0;
    if (mustCollect && !isCollecting) return [() => process.collect()];
    return mustCollect && !hasCollected ? [] : [() => this.#begin(process)];
  }

  #begin(process: ProcessInTurn): void {
    const { data, batch } = process.job;
    process.begin(samplesOf(process.step + 1, data, batch));
    const isBehind = (other: ProcessInTurn) =>
      other.step < process.step - 1 || (other.step < process.step && !other.hasEnded);
    if (this.#processes.some(isBehind)) this.ahead++;
  }
}

/**
 * The first `steps` steps of training; returns the mean loss of each, as process 0 sees it. After the last,
 * processes have their own stages' weights alone.
 */
export function trainProcesses(jobs: readonly OneThread[], steps: number, draw: Draw): number[] {
  const training = new TrainingInTurn(jobs, steps, draw);
  while (training.happen());
  if (!training.isDone) throw new Error("deadlock");
  return training.losses;
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

/** Messages of a link leave one after the other, and arrive in that order: the first that cannot holds up all after it. */
const heads = (messages: readonly Message[]): Message[] =>
  messages.filter(({ receiver }, index) => messages.findIndex((one) => one.receiver === receiver) === index);
const departures = ({ outbox }: ProcessInTurn): Message[] =>
  heads(outbox.filter(({ bytes }) => bytes === null));
const arrivals = ({ outbox }: ProcessInTurn, processes: readonly ProcessInTurn[]): Message[] =>
  heads(outbox).filter(
    (message) => message.bytes !== null && processes[message.receiver].hasRoomFor(message),
  );

/** What all processes have made their part of, if this is the first of them. */
const sums = (process: ProcessInTurn, processes: readonly ProcessInTurn[]): Transfer[] =>
  process !== processes[0]
    ? []
    : [...process.toAdd].filter(({ id }) =>
        processes.every(({ toAdd }) => [...toAdd].some((other) => other.id === id)),
      );

function add(transfer: Transfer, processes: readonly ProcessInTurn[]): void {
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
