/**
 * Between steps: the weights of all stages for every process, where processes have different ones. The first process that has a
 * stage's weights sends them to all that do not, tensor by tensor, into the same places of their memory.
 */
import { type LockstepError, RankError } from "../base/errors.ts";
import { elementCount, type Tensor } from "../graph/tensor.ts";
import type { Holding } from "../program/holdings.ts";
import type { Arrival, Transport } from "../transport/transport.ts";
import { BETWEEN_STEPS } from "./replicas.ts";

export interface CollectionOptions {
  readonly self: number;
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
  /** Tensors that are still to come, and messages that have not left. */
  #outstanding = 0;
  #settle: { readonly resolve: () => void; readonly reject: (error: LockstepError) => void } | null = null;

  constructor(options: CollectionOptions) {
    this.#options = options;
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
    const { self, channel } = this.#options;
    if (this.#sendings.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
        timer = setTimeout(() => reject(late(round, timeoutMs)), timeoutMs);
        const incoming = this.#sendings.filter(({ receivers }) => receivers.includes(self));
        const own = this.#sendings.filter(({ sender }) => sender === self);
        this.#outstanding = incoming.length + own.reduce((sum, { receivers }) => sum + receivers.length, 0);
        this.#round = round;
        for (const [index, { tensor, sender, receivers }] of this.#sendings.entries())
          if (sender === self)
            for (const peer of receivers) {
              const message = {
                channel: channel + index,
                sequence: round,
                flags: 0,
                bytes: this.#view(tensor),
              };
              transport.send(peer, message, () => this.arrived());
            }
        if (this.#outstanding === 0) resolve();
        // What came before this process was ready for it had no place.
        transport.resume();
      });
    } finally {
      clearTimeout(timer);
      this.#round = null;
      this.#settle = null;
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

  /** One tensor more has come, or one message has left. */
  arrived(): void {
    this.#outstanding--;
    if (this.#outstanding === 0) this.#settle?.resolve();
  }

  failed(error: LockstepError): void {
    this.#settle?.reject(error);
  }

  #view(tensor: Tensor): Uint8Array {
    const { memory, addressOf } = this.#options;
    return new Uint8Array(memory.buffer, addressOf(tensor), 4 * elementCount(tensor.shape));
  }
}

function late(round: number, timeoutMs: number): RankError {
  return new RankError(
    "collecting-late",
    `not all processes have told the weights of their stages in ${timeoutMs / 1000} s`,
    "look at what the other processes were doing, or raise --collective-timeout",
    { step: round - BETWEEN_STEPS, operation: "training: collect weights" },
  );
}
