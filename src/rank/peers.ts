/**
 * A session and the other processes: opens the links to them, has them measured if the plan depends on it,
 * has bytes moved while they are open, and leaves in good order.
 */
import { type LockstepError, RankError } from "../base/errors.ts";
import type { Measured } from "../plan/gradients.ts";
import { FlightRecorder } from "../profile/flight-recorder.ts";
import type { World } from "../program/world.ts";
import type { Arrival, Inbox, Transport } from "../transport/transport.ts";
import type { Digest } from "./digest.ts";
import type { Exchange } from "./exchange.ts";
import { reportOf } from "./failure-report.ts";
import { Measuring } from "./measure.ts";
import type { SessionTrace } from "./session-trace.ts";

export interface ConnectOptions {
  /** Aborted: who opens gives up, and leaves nothing open. */
  readonly signal: AbortSignal;
  /** Where transfers are to be recorded, and, once that is planned, what their channels are called. */
  readonly recorder: FlightRecorder;
  readonly operations: Promise<readonly string[]>;
}

/** Opens the links to the world's other processes; `digest` has what must be equal in all of them. */
export type Connect = (digest: Digest, inbox: Inbox, options: ConnectOptions) => Promise<Transport>;

export interface PeerOptions {
  readonly world: World;
  readonly connect: Connect;
  /** The module of the kernels whose speed the plan depends on; null if nothing is to be measured. */
  readonly measured: WebAssembly.Module | null;
  /** The step in hand. */
  readonly step: () => number;
  /** How long a process waits for the others' fingerprints. */
  readonly timeoutMs: number;
  /** What records the main thread's work and the transfers of some steps; null if nothing does. */
  readonly trace: SessionTrace | null;
  /** Asked once the links are open, and measured. */
  readonly exchange: (measured: Measured | null) => Exchange;
}

/** Hands on to whoever is there now. While nobody is, nothing has a place, and opening tells of failures. */
class Forwarding implements Inbox {
  to: Inbox | null;

  constructor(to: Inbox | null) {
    this.to = to;
  }

  place(arrival: Arrival): Uint8Array | null {
    return this.to?.place(arrival) ?? null;
  }

  arrived(arrival: Arrival): void {
    this.to?.arrived(arrival);
  }

  failed(error: LockstepError): void {
    this.to?.failed(error);
  }
}

export class Peers {
  readonly #options: PeerOptions;
  readonly #recorder: FlightRecorder;
  #name: (operations: readonly string[]) => void = () => {};
  readonly #operations = new Promise<readonly string[]>((resolve) => {
    this.#name = resolve;
  });
  readonly #leaving = new AbortController();
  /** null if nothing is to be measured. */
  readonly #measuring: Measuring | null;
  #exchange: Exchange | null = null;
  #transport: Transport | null = null;
  #opened: Promise<void> = Promise.resolve();

  constructor(options: PeerOptions) {
    this.#options = options;
    const { world, step, measured, trace } = options;
    this.#recorder = new FlightRecorder({ step, kept: trace?.window });
    if (trace !== null) trace.flights = this.#recorder;
    this.#measuring = measured && new Measuring(world, measured);
  }

  /** From then on what ranks make is sent. */
  open(digest: Digest): Promise<void> {
    this.#opened = this.#open(digest);
    return this.#opened;
  }

  /** Resolves when all processes have the same fingerprint after `step` steps. */
  async agree(words: Uint32Array, step: number): Promise<void> {
    await this.#exchange?.agree(words, step, this.#options.timeoutMs);
  }

  /** Resolves when this process has the weights of all stages as they are after `step` steps. */
  async collect(step: number): Promise<void> {
    await this.#exchange?.collect(step, this.#options.timeoutMs);
  }

  /** Says why this process stops, also where links are still opening. */
  abort(failure: unknown): void {
    this.#transport?.abort(reportOf(failure));
    this.#leaving.abort(failure);
    this.#measuring?.failed(new RankError("aborted", "this process stops", "see the first failure", {}));
  }

  /**
   * When the ranks are gone: resolves when all other processes are done, too, or, after abort(), when they
   * had time to hear it.
   */
  async close(): Promise<void> {
    await this.#opened.catch(() => {}); // heard by who opened
    this.#exchange?.end();
    await this.#transport?.close();
  }

  async #open(digest: Digest): Promise<void> {
    const { connect, exchange, trace } = this.#options;
    const { signal } = this.#leaving;
    const inbox = new Forwarding(this.#measuring);
    const options = { signal, recorder: this.#recorder, operations: this.#operations };
    const transport = await connect(digest, inbox, options);
    this.#transport = transport;
    if (signal.aborted) return transport.abort(reportOf(signal.reason));
    const figures = (await this.#measuring?.measure(transport)) ?? null;
    if (signal.aborted) return;
    this.#exchange = exchange(figures);
    this.#name(this.#exchange.operations);
    inbox.to = trace?.receiving(this.#exchange) ?? this.#exchange;
    this.#exchange.begin(trace?.sending(transport) ?? transport);
    // What came meanwhile had no place.
    transport.resume();
  }
}
