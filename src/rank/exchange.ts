/**
 * The main thread's side of transfers: takes what ranks have made from the queue and gives it to the links,
 * puts what arrives into its place once the ranks have entered its phase, and wakes who waits. It moves bytes
 * only, but for what --numerics fast adds.
 */
import { type LockstepError, RankError } from "../base/errors.ts";
import { namesOf, operationName, type Transfer } from "../program/transfers.ts";
import { firstRankOf, type World } from "../program/world.ts";
import type { Arrival, Inbox, Transport } from "../transport/transport.ts";
import type { Allreduces } from "./allreduces.ts";
import type { Collection } from "./collection.ts";
import { WORD } from "./control.ts";
import { asFailure } from "./failure-report.ts";
import { TRANSFER_GRACE_MS } from "./patience.ts";
import { BETWEEN_STEPS, type ReplicaGroup, Replicas } from "./replicas.ts";
import {
  arrivedWord,
  executionOf,
  fingerprintWord,
  leftWord,
  phaseOf,
  queueSlots,
  SIGNAL,
} from "./signals.ts";
import { Staging } from "./staging.ts";

/** Flag of a message: this step is the last one. */
const LAST_STEP = 1;

/** Whoever waits for the others' fingerprints. */
interface Agreement {
  readonly round: number;
  readonly resolve: () => void;
  readonly reject: (error: LockstepError) => void;
}

export interface ExchangeOptions {
  readonly memory: WebAssembly.Memory;
  readonly world: World;
  readonly transfers: readonly Transfer[];
  /** Which processes have the same weights after every step. */
  readonly replicas: readonly ReplicaGroup[];
  /** What processes tell each other of their weights between steps. */
  readonly collection: Collection;
  /** The signal words, and the control words of the ranks. */
  readonly signals: Int32Array;
  readonly control: Int32Array;
  /** The step in hand (1, 2, …). */
  readonly step: () => number;
  /** What the processes add, once the links are open. */
  readonly allreduces: (transport: Transport) => Allreduces;
  readonly failed: (error: LockstepError) => void;
}

export class Exchange implements Inbox {
  readonly #options: ExchangeOptions;
  readonly #staging: Staging;
  #transport: Transport | null = null;
  #allreduces: Allreduces | null = null;
  readonly #replicas: Replicas;
  /** The execution whose fingerprint was told last. */
  #told = 0;
  #agreeing: Agreement | null = null;
  /** Slots of the queue that were taken. */
  #taken = 0;
  #isClosed = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { memory, world, transfers, replicas, step } = options;
    this.#staging = new Staging(memory, world);
    this.#replicas = new Replicas({
      ...{ world, groups: replicas, channel: transfers.length, step: () => step() - 1 },
      agreed: (round) => {
        if (round === this.#agreeing?.round) this.#agreeing.resolve();
      },
    });
  }

  /** What the messages of each channel are, for people. */
  get operations(): string[] {
    const { transfers, collection } = this.#options;
    return [...transfers.map(operationName), "fingerprint of the weights", ...collection.operations];
  }

  /** From now on what ranks make is sent. */
  begin(transport: Transport): void {
    this.#transport = transport;
    this.#allreduces = this.#options.allreduces(transport);
    this.#listen();
  }

  /**
   * Resolves when all processes have told the same fingerprint after `step` steps; rejects with a RankError
   * if they have not, or not in time, and with what fails meanwhile. No step may be under way.
   */
  async agree(words: Uint32Array, step: number, timeoutMs: number): Promise<void> {
    const round = BETWEEN_STEPS + step;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#agreeing = { round, resolve, reject };
        const late = () => reject(this.#replicas.late(round, timeoutMs));
        timer = setTimeout(late, timeoutMs + TRANSFER_GRACE_MS);
        this.#replicas.tell(this.#transport as Transport, round, words);
      });
    } finally {
      clearTimeout(timer);
      this.#agreeing = null;
    }
  }

  /**
   * After `step` steps, none of which is under way: resolves when this process has the weights of all stages
   * and has told its own; rejects like agree().
   */
  collect(step: number, timeoutMs: number): Promise<void> {
    return this.#options.collection.collect(this.#transport as Transport, BETWEEN_STEPS + step, timeoutMs);
  }

  /** Ends the listening; the transport is its owner's to close. */
  end(): void {
    this.#isClosed = true;
    Atomics.add(this.#options.signals, SIGNAL.doorbell, 1);
    Atomics.notify(this.#options.signals, SIGNAL.doorbell);
  }

  place(arrival: Arrival): Uint8Array | null {
    if (this.#allreduces?.owns(arrival.channel)) return this.#allreduces.place(arrival);
    if (this.#replicas.owns(arrival.channel)) return this.#replicas.place(arrival);
    if (this.#options.collection.owns(arrival.channel)) return this.#options.collection.place(arrival);
    const { peer, channel, sequence, bytes } = arrival;
    const { transfers, signals } = this.#options;
    const transfer = transfers[channel];
    if (!transfer || transfer.sender !== peer)
      throw this.#unexpected(peer, `transfer ${channel}, which is not its to send`);
    const { phase } = transfer;
    if (!this.#isEntered(sequence, phase)) {
      // Said before it is looked once more: a rank that enters now either sees this, or is seen.
      Atomics.store(signals, SIGNAL.held, 1);
      if (!this.#isEntered(sequence, phase)) return null;
    }
    if (Atomics.load(signals, arrivedWord(transfers.length) + channel) === sequence)
      throw this.#unexpected(peer, `${namesOf(transfer)} twice in one step`);
    const place = this.#staging.place(transfer, this.#batch);
    if (bytes !== place.length)
      throw this.#unexpected(
        peer,
        `${bytes} bytes of ${namesOf(transfer)}, where process ${this.#options.world.self} expected ${place.length}`,
      );
    return place;
  }

  arrived(arrival: Arrival): void {
    if (this.#allreduces?.owns(arrival.channel)) this.#allreduces.arrived(arrival);
    else if (this.#replicas.owns(arrival.channel)) this.#replicas.arrived(arrival);
    else if (this.#options.collection.owns(arrival.channel)) this.#options.collection.arrived(arrival);
    else this.#handOver(arrival);
  }

  /** A transfer that is there goes to the ranks, and to whom this process passes it on. */
  #handOver({ channel, sequence, flags }: Arrival): void {
    const { transfers, control, signals } = this.#options;
    const transfer = transfers[channel];
    this.#staging.scatter(transfer, this.#batch);
    if (flags & LAST_STEP) Atomics.store(control, WORD.lastStep, Atomics.load(signals, SIGNAL.step));
    this.#mark(arrivedWord(transfers.length) + channel, sequence);
    if (transfer.next >= 0) this.#send(transfers[transfer.next]);
  }

  /** Marks a transfer as arrived, or as left, in this execution, and wakes who waits for it. */
  #mark(word: number, execution: number): void {
    Atomics.store(this.#options.signals, word, execution);
    Atomics.notify(this.#options.signals, word);
  }

  failed(error: LockstepError): void {
    this.#agreeing?.reject(error);
    this.#options.collection.failed(error);
    this.#options.failed(error);
  }

  /** Whether the ranks are in the step and at least in the phase to which a message belongs. A step ahead is not an error. */
  #isEntered(sequence: number, phase: number): boolean {
    const entered = Atomics.load(this.#options.signals, SIGNAL.entered);
    return executionOf(entered) === sequence && phaseOf(entered) >= phase;
  }

  /** Serves whenever the doorbell rings; ends when the exchange does. */
  async #listen(): Promise<void> {
    const { signals } = this.#options;
    try {
      while (!this.#isClosed) {
        const rung = Atomics.load(signals, SIGNAL.doorbell);
        this.#serve();
        const waiting = Atomics.waitAsync(signals, SIGNAL.doorbell, rung);
        if (waiting.async) await waiting.value;
      }
    } catch (thrown) {
      this.#options.failed(asFailure(thrown));
    }
  }

  #serve(): void {
    const { signals, transfers } = this.#options;
    this.#tellFingerprint();
    if (Atomics.exchange(signals, SIGNAL.held, 0) !== 0) this.#transport?.resume();
    for (;;) {
      const slot = SIGNAL.queue + (this.#taken % queueSlots(transfers.length));
      const entry = Atomics.exchange(signals, slot, 0);
      if (entry === 0) return;
      this.#taken = (this.#taken + 1) >>> 0;
      const transfer = transfers[entry - 1];
      if (transfer.allreduce === null) this.#send(transfer);
      else this.#add(transfer.id);
    }
  }

  #tellFingerprint(): void {
    const { signals, transfers } = this.#options;
    const execution = Atomics.load(signals, SIGNAL.fingerprinted);
    if (execution === this.#told) return;
    this.#told = execution;
    const words = new Uint32Array(signals.subarray(fingerprintWord(transfers.length)));
    this.#replicas.tell(this.#transport as Transport, execution, words);
  }

  #add(transfer: number): void {
    const { signals, transfers } = this.#options;
    const execution = executionOf(Atomics.load(signals, SIGNAL.entered));
    this.#allreduces?.run(transfer, () => this.#mark(arrivedWord(transfers.length) + transfer, execution));
  }

  #send(transfer: Transfer): void {
    const { signals, transfers } = this.#options;
    const transport = this.#transport as Transport;
    const sequence = executionOf(Atomics.load(signals, SIGNAL.entered));
    const bytes = this.#staging.gather(transfer, this.#batch);
    const message = { channel: transfer.id, sequence, flags: this.#flags(), bytes };
    let unsent = transfer.receivers.length;
    const sent = () => {
      if (--unsent === 0) this.#mark(leftWord(transfers.length) + transfer.id, sequence);
    };
    for (const peer of transfer.receivers) transport.send(peer, message, sent);
  }

  /**
   * Process 0 decides after which step all stop: its first rank knows before it makes the first part of anything, and whoever has
   * heard it passes it on with what it makes of that.
   */
  #flags(): number {
    const { control, signals } = this.#options;
    return Atomics.load(control, WORD.lastStep) <= Atomics.load(signals, SIGNAL.step) ? LAST_STEP : 0;
  }

  /** Samples of the step in hand. */
  get #batch(): number {
    return Atomics.load(this.#options.signals, SIGNAL.batch);
  }

  /** Either of the two may be the one that is wrong; the message names both. */
  #unexpected(peer: number, what: string): RankError {
    const { world, step } = this.#options;
    return new RankError(
      "unexpected-message",
      `process ${peer} sent ${what}`,
      "the processes do not execute the same program; please report it",
      { rank: firstRankOf(world, peer), step: step(), operation: "training: receive" },
    );
  }
}
