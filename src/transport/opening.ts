/**
 * A link until its ends know each other: says what is to be said, again if nobody answers; puts up with strangers, and turns them
 * out of the only place that there is.
 */
import { GREETING_BYTES, Greeting, type GreetingOptions, type Step } from "./greeting.ts";
import { FrameError, LinkError } from "./link-error.ts";
import type { Patience } from "./patience.ts";
import type { Wire } from "./wire.ts";

/** Frames of strangers after which whoever holds the place is turned out, before his time is over. */
const STRANGERS_A_TURN = 4;

export interface OpeningOptions extends GreetingOptions {
  readonly wire: Wire;
  readonly patience: Patience;
  /** How the other end is called in messages to people: "process 1 (host b)". */
  readonly peerName: string;
  /** Where errors say that it is. */
  readonly address: string;
}

export class Opening {
  readonly #options: OpeningOptions;
  readonly #greeting: Greeting;
  #waitedMs = 0;
  /** How long whoever holds the listener's place has had it; since the hello that he said, if he said one. */
  #heldMs = 0;
  #saidHello = false;
  #strangers = 0;

  constructor(options: OpeningOptions) {
    this.#options = options;
    this.#greeting = new Greeting(options);
    options.wire.admit(GREETING_BYTES);
  }

  /** A dialer says what it has to say, again if it has not been answered; a listener waits. */
  speak(): void {
    const { dials, wire } = this.#options;
    const word = dials ? this.#greeting.lastWord : null;
    if (word) wire.send(word);
  }

  /** Whether the other end says again what was answered already. */
  isEcho(frame: Buffer): boolean {
    return this.#greeting.isEcho(frame);
  }

  /** The nonces of both ends once the other is known. Throws a LinkError for one that differs. */
  take(frame: Buffer): Buffer | null {
    const { wire, dials } = this.#options;
    let step: Step;
    try {
      step = this.#greeting.take(frame);
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown;
      // No reason to stop a run.
      this.#strangers++;
      if (this.#strangers % STRANGERS_A_TURN === 0 && !dials) this.#evict();
      return null;
    }
    // Once: who says hello again and again, and proves nothing, must go like anybody.
    if (!this.#saidHello) this.#heldMs = 0;
    this.#saidHello = true;
    if (step.answer) wire.send(step.answer);
    if (step.difference) throw this.#named(step.difference);
    return step.nonces;
  }

  /** Throws a LinkError when the other end has had its time. */
  tick(periodMs: number): void {
    const { dials, peerName, address } = this.#options;
    const { retryMs, evictMs, greetMs } = this.#options.patience;
    const isDue = Math.floor(this.#waitedMs / retryMs) < Math.floor((this.#waitedMs + periodMs) / retryMs);
    this.#waitedMs += periodMs;
    this.#heldMs += periodMs;
    if (this.#waitedMs >= greetMs) {
      const strange = `; ${this.#strangers} frames came from a program that does not know the run's key`;
      throw new LinkError(
        "no-greeting",
        `${peerName} has not greeted in ${greetMs / 1000} s at ${address}${this.#strangers > 0 ? strange : ""}`,
        "look whether it runs, and whether a firewall stands between: lockstep doctor measures every two hosts",
      );
    }
    if (dials && isDue) this.speak();
    else if (!dials && this.#heldMs >= evictMs) this.#evict();
  }

  #evict(): void {
    this.#heldMs = 0;
    this.#saidHello = false;
    this.#options.wire.evict();
  }

  #named({ code, message, fix }: LinkError): LinkError {
    const { self, peerName } = this.#options;
    return new LinkError(code, `process ${self} ("here") and ${peerName} ("there"): ${message}`, fix);
  }
}
