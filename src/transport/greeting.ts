/** The beginning of a link: the handshake's frames, until both ends know each other. */
import { randomBytes } from "node:crypto";
import { decode, emptyHeader, encode, type FrameKind, GREETING_BYTES, HEADER_BYTES } from "./frame.ts";
import { Dialer, type Digest, Listener, NONCE_BYTES } from "./handshake.ts";
import { LinkError } from "./link-error.ts";

export interface GreetingOptions {
  readonly self: number;
  readonly peer: number;
  readonly run: bigint;
  readonly runKey: Buffer;
  readonly digest: Digest;
  readonly dials: boolean;
}

/** What a frame of the greeting leads to: a frame to answer, and when the other end is known, the nonces of both. */
export interface Step {
  readonly answer: Buffer | null;
  readonly nonces: Buffer | null;
  /** Why the link is refused all the same, to be thrown when the answer is sent. */
  readonly difference: LinkError | null;
}

export class Greeting {
  readonly #options: GreetingOptions;
  readonly #dialer: Dialer | null;
  readonly #listener: Listener | null;
  #expected: FrameKind;

  constructor(options: GreetingOptions) {
    const { self, peer, run, runKey, digest, dials } = options;
    const nonce = randomBytes(NONCE_BYTES);
    const name = { run, dialer: dials ? self : peer, listener: dials ? peer : self };
    this.#options = options;
    this.#dialer = dials ? new Dialer(runKey, name, digest, nonce) : null;
    this.#listener = dials ? null : new Listener(runKey, name, digest, nonce);
    this.#expected = dials ? "challenge" : "hello";
  }

  /** The frame that the dialer begins with. */
  get hello(): Buffer | null {
    return this.#dialer && this.#frame("hello", this.#dialer.hello);
  }

  /** Throws a LinkError for a frame that is not the next of the handshake, or not the other end's. */
  take(frame: Buffer): Step {
    if (frame.length > GREETING_BYTES) throw this.#stranger(`${frame.length} bytes`);
    const { kind, run, source, target } = decode(frame, 0);
    const { self, peer } = this.#options;
    if (kind !== this.#expected || run !== this.#options.run || source !== peer || target !== self)
      throw this.#stranger(`a ${kind} of process ${source} to process ${target}`);
    const payload = frame.subarray(HEADER_BYTES);
    if (this.#dialer) {
      const { proof, nonces, difference } = this.#dialer.answer(payload);
      return { answer: this.#frame("proof", proof), nonces, difference };
    }
    const listener = this.#listener as Listener;
    if (kind === "proof") return { answer: null, nonces: listener.accept(payload).nonces, difference: null };
    this.#expected = "proof";
    return { answer: this.#frame("challenge", listener.challenge(payload)), nonces: null, difference: null };
  }

  #frame(kind: FrameKind, payload: Buffer): Buffer {
    const { run, self, peer } = this.#options;
    const header = emptyHeader(run, self, peer);
    const frame = Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]);
    encode({ ...header, kind, payloadBytes: payload.length }, frame);
    return frame;
  }

  #stranger(what: string): LinkError {
    return new LinkError(
      "stranger",
      `process ${this.#options.self} expected process ${this.#options.peer} and got ${what}`,
      "another run, or a stranger, talks to this port",
    );
  }
}
