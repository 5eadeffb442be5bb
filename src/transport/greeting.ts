/**
 * The beginning of a link: the handshake's frames, until both ends know each other. A connection may break or be another's in
 * the middle of it, so either end may say again what it said, byte for byte, and is answered as before.
 */
import { randomBytes } from "node:crypto";
import { decodeHeader, emptyHeader, encodeHeader, FrameType, HEADER_BYTES } from "./frame.ts";
import { Dialer, type Digest, Listener, NONCE_BYTES } from "./handshake.ts";
import { FrameError, LinkError } from "./link-error.ts";

/** What a frame may be before the link's ends know each other. */
export const GREETING_BYTES = 4096;

export interface GreetingOptions {
  readonly self: number;
  readonly peer: number;
  /** u64 */
  readonly run: bigint;
  /** u32: how often the run was started before. */
  readonly generation: number;
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
  /** The frame that the dialer begins with. */
  readonly hello: Buffer | null;
  readonly #options: GreetingOptions;
  readonly #dialer: Dialer | null;
  readonly #listener: Listener | null;
  /** The last frame that led to a step, and the step. */
  #heard: Buffer | null = null;
  #step: Step | null = null;
  readonly #header = emptyHeader();

  /** Throws a LinkError for a digest that is too long to be told. */
  constructor(options: GreetingOptions) {
    const { self, peer, run, generation, runKey, digest, dials } = options;
    const nonce = randomBytes(NONCE_BYTES);
    const name = { run, generation, dialer: dials ? self : peer, listener: dials ? peer : self };
    this.#options = options;
    this.#dialer = dials ? new Dialer(runKey, name, digest, nonce) : null;
    this.#listener = dials ? null : new Listener(runKey, name, digest, nonce);
    this.hello = this.#dialer && this.#frame(FrameType.hello, this.#dialer.hello);
    const digestBytes = Buffer.byteLength(JSON.stringify(digest));
    if (digestBytes > GREETING_BYTES - 256)
      throw new LinkError(
        "digest-too-long",
        `what all processes compare takes ${digestBytes} bytes`,
        "hash what is long",
      );
  }

  /** Whether the other end is known. */
  get isDone(): boolean {
    return this.#step?.nonces != null;
  }

  /** Whether the other end says again what was answered already; it may, until its first sealed frame. */
  isEcho(frame: Buffer): boolean {
    return this.#heard?.equals(frame) ?? false;
  }

  /** What to say again to an end that does not go on. */
  get lastWord(): Buffer | null {
    return this.#step?.answer ?? this.hello;
  }

  /** Throws a FrameError for a frame that is not the next of the handshake, or not the other end's: nothing has changed then. */
  take(frame: Buffer): Step {
    if (this.#step && this.isEcho(frame)) return { ...this.#step, nonces: null };
    const step = this.#next(this.#checked(frame), Buffer.from(frame.subarray(HEADER_BYTES)));
    this.#heard = Buffer.from(frame);
    this.#step = step;
    return step;
  }

  /** The type of a frame of the other end to this one. */
  #checked(frame: Buffer): number {
    if (frame.length > GREETING_BYTES) throw this.#stranger(`${frame.length} bytes`);
    decodeHeader(frame, this.#header, 0);
    const { type, source, destination, generation, runLow, runHigh } = this.#header;
    const { self, peer, run } = this.#options;
    if (source !== peer || destination !== self)
      throw this.#stranger(`a frame of process ${source} to process ${destination}`);
    if (generation !== this.#options.generation || runLow !== lowOf(run) || runHigh !== highOf(run))
      throw this.#stranger("a frame of another run");
    return type;
  }

  #next(type: number, payload: Buffer): Step {
    if (type === FrameType.challenge && this.#dialer && !this.isDone) {
      const { proof, nonces, difference } = this.#dialer.answer(payload);
      return { answer: this.#frame(FrameType.proof, proof), nonces, difference };
    }
    if (type === FrameType.hello && this.#listener && !this.isDone) {
      const answer = this.#frame(FrameType.challenge, this.#listener.challenge(payload));
      return { answer, nonces: null, difference: null };
    }
    if (type === FrameType.proof && this.#listener && this.#step)
      return { answer: null, ...this.#listener.accept(payload) };
    throw this.#stranger(`a frame of type ${type}`);
  }

  #frame(type: number, payload: Buffer): Buffer {
    const { run, generation, self, peer } = this.#options;
    const frame = Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]);
    encodeHeader(
      {
        ...emptyHeader(),
        ...{ type, generation, runLow: lowOf(run), runHigh: highOf(run), source: self, destination: peer },
        ...{ payloadBytes: payload.length, messageBytes: payload.length },
      },
      frame,
    );
    return frame;
  }

  #stranger(what: string): FrameError {
    return new FrameError(
      "stranger",
      `process ${this.#options.self} expected process ${this.#options.peer} and got ${what}`,
    );
  }
}

export const lowOf = (run: bigint): number => Number(run & 0xffff_ffffn);
export const highOf = (run: bigint): number => Number((run >> 32n) & 0xffff_ffffn);
