/**
 * Between steps: the weights of all stages for every process, where processes have different ones. The first process that has a
 * stage's weights sends them to all that do not, tensor by tensor, into the same places of their memory.
 */
import { type LockstepError, RankError } from "../base/errors.ts";
import { elementCount, type Tensor } from "../graph/tensor.ts";
import type { Holding } from "../program/holdings.ts";
import { firstRankOf, processCount, type World } from "../program/world.ts";
import type { Arrival, Transport } from "../transport/transport.ts";
import { TRANSFER_GRACE_MS } from "./patience.ts";
import { BETWEEN_STEPS, named } from "./replicas.ts";

export interface CollectionOptions {
  readonly world: World;
  readonly holdings: readonly Holding[];
  readonly memory: WebAssembly.Memory;
  readonly addressOf: (tensor: Tensor) => number;
  /** The first of its channels: one for each tensor. */
  readonly channel: number;
}

/** A tensor on its way to some processes. */
interface Sending {
  readonly tensor: Tensor;
  readonly sender: number;
  readonly receivers: readonly number[];
}

export class Collection {
  readonly #options: CollectionOptions;
  readonly #sendings: readonly Sending[];
  /** The round in hand; null between rounds, when nothing has a place. */
  #round: number | null = null;
  /** By process: tensors that are still to come from it, and to leave for it. */
  readonly #outstanding: Int32Array;
  #settle: { readonly resolve: () => void; readonly reject: (error: LockstepError) => void } | null = null;

  constructor(options: CollectionOptions) {
    this.#options = options;
    this.#outstanding = new Int32Array(processCount(options.world));
    this.#sendings = options.holdings.flatMap(({ holders: [sender], others, tensors }) =>
      tensors.map((tensor) => ({ tensor, sender, receivers: others })),
    );
  }

  /** What the messages of each channel are, for people. */
  get operations(): string[] {
    return this.#sendings.map(({ tensor, sender }) => `${tensor.name} of process ${sender}`);
  }

  owns(channel: number): boolean {
    const { channel: first } = this.#options;
    return channel >= first && channel < first + this.#sendings.length;
  }

  /** Resolves when all has come and gone; rejects with a RankError if it has not in time, and with what fails meanwhile. */
  async collect(transport: Transport, round: number, timeoutMs: number): Promise<void> {
    if (this.#sendings.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
        timer = setTimeout(() => reject(this.#late(round, timeoutMs)), timeoutMs + TRANSFER_GRACE_MS);
        this.#begin(round);
        this.#send(transport, round);
        if (this.#isDone) resolve();
        // What came before this process was ready for it had no place.
        transport.resume();
      });
    } finally {
      clearTimeout(timer);
      this.#round = null;
      this.#settle = null;
    }
  }

  #begin(round: number): void {
    const { self } = this.#options.world;
    this.#outstanding.fill(0);
    for (const { sender, receivers } of this.#sendings)
      for (const receiver of receivers)
        if (receiver === self || sender === self) this.#outstanding[receiver === self ? sender : receiver]++;
    this.#round = round;
  }

  #send(transport: Transport, round: number): void {
    const { world, channel } = this.#options;
    for (const [index, { tensor, sender, receivers }] of this.#sendings.entries())
      if (sender === world.self)
        for (const peer of receivers) {
          const message = { channel: channel + index, sequence: round, flags: 0, bytes: this.#view(tensor) };
          transport.send(peer, message, () => this.#settleOne(peer));
        }
  }

  /** null where this process has not come to the round yet. */
  place({ peer, channel, sequence, bytes }: Arrival): Uint8Array | null {
    const { tensor, sender } = this.#sendings[channel - this.#options.channel];
    const view = this.#view(tensor);
    if (peer !== sender || bytes !== view.length)
      throw new RankError(
        "unexpected-message",
        `process ${peer} sent ${bytes} bytes of ${tensor.name}, where ${view.length} of process ${sender} were expected`,
        "the processes do not execute the same program; please report it",
        { operation: "training: collect weights" },
      );
    return sequence === this.#round ? view : null;
  }

  arrived({ peer }: Arrival): void {
    this.#settleOne(peer);
  }

  failed(error: LockstepError): void {
    this.#settle?.reject(error);
  }

  /** One tensor more has come from a process, or has left for it. */
  #settleOne(peer: number): void {
    this.#outstanding[peer]--;
    if (this.#isDone) this.#settle?.resolve();
  }

  get #isDone(): boolean {
    return this.#outstanding.every((count) => count === 0);
  }

  /** Names those with whom not all was exchanged. */
  #late(round: number, timeoutMs: number): RankError {
    const { world } = this.#options;
    const late = [...this.#outstanding.keys()].filter((process) => this.#outstanding[process] > 0);
    const who = late.map((process) => named(world, process)).join(", ");
    return new RankError(
      "collecting-late",
      `${who} did not tell or take the weights of stages in ${timeoutMs / 1000} s`,
      "look at what that process was doing, or raise --collective-timeout",
      {
        rank: firstRankOf(world, late[0]),
        step: round - BETWEEN_STEPS,
        operation: "training: collect weights",
      },
    );
  }

  #view(tensor: Tensor): Uint8Array {
    const { memory, addressOf } = this.#options;
    return new Uint8Array(memory.buffer, addressOf(tensor), 4 * elementCount(tensor.shape));
  }
}
