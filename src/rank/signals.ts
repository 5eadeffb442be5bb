/**
 * The words through which ranks and their main thread tell each other of transfers, in the shared memory.
 *
 *     line 0   entered: execution and phase │ samples of the step, its number │ held: a message waits for the next phase
 *     line 1   doorbell, tickets of the queue
 *     line 2   the execution before which the fingerprints were taken
 *     then     queue of transfers to send │ for each transfer: parts made │ execution that left │ execution that arrived
 *     then     fingerprints of the weights, of four words each
 *
 * A rank never waits for the main thread but in wait and drain; the main thread sleeps until the doorbell rings.
 */
import { RankError } from "../base/errors.ts";
import { barriersOnly, type Meetings } from "../program/execute.ts";
import { namesOf, type Transfer } from "../program/transfers.ts";
import { firstRankOf, ranksOf, type World, worldRank } from "../program/world.ts";
import { lookFor } from "./barrier.ts";
import { beatWord, WORD } from "./control.ts";
import { TRANSFER_GRACE_MS } from "./patience.ts";
import { FINGERPRINT_WORDS } from "./replicas.ts";

const LINE_WORDS = 16;

export const SIGNAL = {
  entered: 0,
  batch: 1,
  /** 1: the main thread holds a message back until the next phase is entered, and wants to hear of it. */
  held: 2,
  /** The number of the step that is entered (1, 2, …). */
  step: 3,
  doorbell: LINE_WORDS,
  tickets: LINE_WORDS + 1,
  fingerprinted: 2 * LINE_WORDS,
  queue: 3 * LINE_WORDS,
} as const;

/** Phases of an execution that `entered` can tell apart. */
const PHASE_BITS = 8;

/** Executions are counted modulo this: far more than can be under way. */
const EXECUTIONS = 2 ** 23;

export const enteredValue = (execution: number, phase: number): number =>
  ((execution % EXECUTIONS) << PHASE_BITS) | phase;
export const executionOf = (entered: number): number => entered >>> PHASE_BITS;
export const phaseOf = (entered: number): number => entered & ((1 << PHASE_BITS) - 1);

/** Slots of the queue: a power of two, so that the slots of tickets follow each other also where tickets begin anew at 2³². */
export function queueSlots(transfers: number): number {
  let slots = 1;
  while (slots < transfers) slots *= 2;
  return slots;
}

/** A word past the queue: which transfer it is about is added. */
const partsWord = (transfers: number): number => SIGNAL.queue + queueSlots(transfers);
export const leftWord = (transfers: number): number => partsWord(transfers) + transfers;
export const arrivedWord = (transfers: number): number => partsWord(transfers) + 2 * transfers;

/** The first word of the fingerprints. */
export const fingerprintWord = (transfers: number): number => partsWord(transfers) + 3 * transfers;

/** `groups`: of processes that have the same weights. */
export const signalsBytes = (transfers: number, groups: number): number =>
  4 * (fingerprintWord(transfers) + FINGERPRINT_WORDS * groups);

export function signalWords(
  memory: WebAssembly.Memory,
  address: number,
  transfers: number,
  groups: number,
): Int32Array {
  return new Int32Array(memory.buffer, address, signalsBytes(transfers, groups) / 4);
}

const SLICE_MS = 250;
/** Looks before a rank sleeps: few, for the main thread that it waits for wants the core. */
const LOOKS = 50;

export interface SignalOptions {
  readonly rank: number;
  readonly ranks: number;
  readonly world: World;
  readonly step: () => number;
  readonly timeoutMs: number;
}

/** A rank's side. */
export class Signals {
  readonly #words: Int32Array;
  /** The control words, for whether another rank has failed. */
  readonly #control: Int32Array;
  readonly #transfers: readonly Transfer[];
  readonly #parts: Int32Array;
  /** Where words of transfers begin, and how many slots the queue has: reckoned once. */
  readonly #slots: number;
  readonly #partsAt: number;
  readonly #leftAt: number;
  readonly #arrivedAt: number;
  readonly #options: SignalOptions;
  /** Of steps by this rank; the same on every rank of the world. */
  #execution = 0;
  #batch = 0;

  constructor(
    words: Int32Array,
    control: Int32Array,
    transfers: readonly Transfer[],
    options: SignalOptions,
  ) {
    this.#words = words;
    this.#control = control;
    this.#transfers = transfers;
    this.#slots = queueSlots(transfers.length);
    this.#partsAt = partsWord(transfers.length);
    this.#leftAt = leftWord(transfers.length);
    this.#arrivedAt = arrivedWord(transfers.length);
    this.#parts = Int32Array.from(transfers, ({ parts }) => parts);
    this.#options = options;
  }

  /** Before a step of `batch` samples. */
  begin(batch: number): void {
    this.#execution = (this.#execution + 1) % EXECUTIONS;
    this.#batch = batch;
  }

  /**
   * Leaves fingerprints of the weights as they are before this execution; `take` goes on with the four words of each group of
   * processes, the first of which are at an address.
   */
  fingerprint(take: (address: number) => void): void {
    const words = this.#words;
    const first = fingerprintWord(this.#transfers.length);
    words.fill(0, first);
    take(words.byteOffset + 4 * first);
    Atomics.store(words, SIGNAL.fingerprinted, this.#execution);
    this.#ring();
  }

  meetings(meet: () => void): Meetings {
    return {
      ...barriersOnly(meet),
      enter: (phase) => this.#enter(phase),
      start: (transfer) => this.#start(transfer),
      wait: (transfer) => this.#await(this.#arrivedAt, transfer),
      drain: (transfer) => this.#await(this.#leftAt, transfer),
    };
  }

  /** Where gangs begin a step when they like, each rank says so, and all say the same. */
  #enter(phase: number): void {
    Atomics.store(this.#words, SIGNAL.batch, this.#batch);
    Atomics.store(this.#words, SIGNAL.step, this.#options.step());
    Atomics.store(this.#words, SIGNAL.entered, enteredValue(this.#execution, phase));
    if (Atomics.load(this.#words, SIGNAL.held) !== 0) this.#ring();
  }

  /** Whoever makes the last part puts the transfer into the queue. It is in it once at most: drain sees to that. */
  #start(transfer: number): void {
    const words = this.#words;
    const parts = this.#parts[transfer];
    if (Atomics.add(words, this.#partsAt + transfer, 1) + 1 < parts) return;
    Atomics.store(words, this.#partsAt + transfer, 0);
    const slot = (Atomics.add(words, SIGNAL.tickets, 1) >>> 0) % this.#slots;
    Atomics.store(words, SIGNAL.queue + slot, transfer + 1);
    this.#ring();
  }

  #ring(): void {
    Atomics.add(this.#words, SIGNAL.doorbell, 1);
    Atomics.notify(this.#words, SIGNAL.doorbell);
  }

  /** Returns when the main thread has marked the transfer with this execution. */
  #await(first: number, transfer: number): void {
    const words = this.#words;
    const word = first + transfer;
    const before = Atomics.load(words, word);
    if (before === this.#execution || lookFor(words, word, before, LOOKS)) return;
    const slices = Math.ceil((this.#options.timeoutMs + TRANSFER_GRACE_MS) / SLICE_MS);
    for (let slice = 0; slice < slices; slice++) {
      Atomics.wait(words, word, before, SLICE_MS);
      if (Atomics.load(words, word) !== before) return;
      // Who waits for another process does not hang: this wait has a limit of its own.
      Atomics.add(this.#control, beatWord(this.#options.rank), 1);
      if (Atomics.load(this.#control, WORD.abort) !== 0) throw this.#aborted();
    }
    throw this.#late(transfer, first === this.#arrivedAt);
  }

  #aborted(): RankError {
    const { rank, world } = this.#options;
    const number = worldRank(world, rank);
    const message = `rank ${number} stopped because another failed`;
    return new RankError("aborted", message, "see the first failure", { rank: number });
  }

  #unadded(what: string, seconds: number): RankError {
    const { step, rank, world } = this.#options;
    return new RankError(
      "transfer-late",
      `${what} was not added up by all processes in ${seconds} s; rank ${worldRank(world, rank)} waits for it`,
      "look at what the other processes were doing, or raise --collective-timeout",
      { rank: worldRank(world, rank), step: step(), operation: `add ${what}` },
    );
  }

  #late(transfer: number, incoming: boolean): RankError {
    const { timeoutMs, step, rank, world } = this.#options;
    const { sender } = this.#transfers[transfer];
    const seconds = timeoutMs / 1000;
    const what = namesOf(this.#transfers[transfer]);
    if (sender < 0) return this.#unadded(what, seconds);
    const message = incoming
      ? `process ${sender} (${ranksOf(world, sender)}) has not sent ${what} in ${seconds} s; rank ${worldRank(world, rank)} waits for it`
      : `rank ${worldRank(world, rank)} could not send ${what} in ${seconds} s`;
    return new RankError(
      "transfer-late",
      message,
      "look at what that process was doing (logs/flight-….json of the run has its last transfers), or raise --collective-timeout",
      incoming
        ? { rank: firstRankOf(world, sender), step: step(), operation: `wait for ${what}` }
        : { rank: worldRank(world, rank), step: step(), operation: `send ${what}` },
    );
  }
}
