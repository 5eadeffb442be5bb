/**
 * What a link has still to send: messages cut into frames, as far as the receiver's window goes; the link's own frames first.
 * A frame is made, numbered and sealed once; one that the wire does not take stays where it was made until the wire does.
 *
 *     outstanding = sent − credited: what the receiver may have to keep; never more than the window
 *     a frame of data costs its header and its payload, so that empty messages count, too
 */
import { type FlightRecorder, OUT } from "../profile/flight-recorder.ts";
import { copyBytes } from "./copy.ts";
import { encodeHeader, type FrameHeader, FrameType, HEADER_BYTES } from "./frame.ts";
import { FrameError } from "./link-error.ts";
import type { Seal } from "./seal.ts";
import type { Message } from "./transport.ts";
import type { Wire } from "./wire.ts";

interface Entry {
  readonly message: Message;
  readonly sent: () => void;
  readonly flight: number;
}

export interface OutboxOptions {
  readonly peer: number;
  /** Of the link: run, generation, source, destination. The outbox's own to fill in. */
  readonly header: FrameHeader;
  readonly seal: Seal;
  readonly wire: Wire;
  /** Of a frame, all in all. */
  readonly frameBytes: number;
  readonly windowBytes: number;
  /** Bytes of data frames that this side has consumed, modulo 2^32: told in every frame. */
  readonly consumed: () => number;
  readonly recorder: FlightRecorder;
}

const NOTHING: Buffer = Buffer.alloc(0);

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #frame: Buffer;
  readonly #payloadBytes: number;
  #messages: Entry[] = [];
  /** The message in hand, and how far it was put into frames. */
  #first = 0;
  #offset = 0;
  /** The frame that waits for the wire, and the message whose last frame it is. */
  #pending: Buffer | null = null;
  #ending: Entry | null = null;
  #sequence = 0;
  #sentBytes = 0;
  #outstanding = 0;
  #told = 0;
  readonly #due = { byeHeard: false, beat: false, bye: false, release: false };
  /** Why this process stops: the last frame there will be. */
  #abort: Buffer | null = null;
  #isPumping = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#frame = Buffer.allocUnsafeSlow(options.frameBytes);
    this.#payloadBytes = options.frameBytes - HEADER_BYTES - options.seal.trailerBytes;
  }

  /** Frames sent so far: whether any went since one last looked. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The wire has taken all there was. */
  get isEmpty(): boolean {
    const isDue = Object.values(this.#due).includes(true);
    return this.#pending === null && this.#messages.length === 0 && !isDue;
  }

  add(message: Message, sent: () => void): void {
    const { recorder, peer } = this.#options;
    const { channel, sequence, bytes } = message;
    const flight = recorder.begin(OUT, peer, channel, sequence, bytes.length);
    this.#messages.push({ message, sent, flight });
    this.pump();
  }

  /** `bye` goes after the last message, the others before the next frame of data. */
  notify(what: "beat" | "bye" | "byeHeard" | "release"): void {
    this.#due[what] = true;
    this.pump();
  }

  /** The last frame there will be; messages that were not sent are forgotten. */
  abort(payload: Buffer): void {
    this.#messages = [];
    this.#first = 0;
    this.#offset = 0;
    this.#abort = payload.subarray(0, this.#payloadBytes);
    this.pump();
  }

  /** The receiver has consumed so many bytes in all, modulo 2^32. Throws a FrameError for more than were sent. */
  credit(consumed: number): void {
    const outstanding = (this.#sentBytes - consumed) >>> 0;
    if (outstanding > this.#outstanding)
      throw new FrameError("bad-credit", "a frame gives back what was not sent");
    this.#outstanding = outstanding;
  }

  /** Sends what the wire and the window take now. What `sent` of a message adds meanwhile is sent, too. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#pending || this.#make()) if (!this.#push()) return;
    } finally {
      this.#isPumping = false;
    }
  }

  #push(): boolean {
    const { wire, recorder } = this.#options;
    if (!wire.send(this.#pending as Buffer)) return false;
    this.#pending = null;
    const ended = this.#ending;
    this.#ending = null;
    if (ended === null) return true;
    recorder.done(ended.flight);
    ended.sent();
    return true;
  }

  /** Makes the next frame, if one may go. */
  #make(): boolean {
    const due = this.#due;
    if (this.#abort) {
      this.#notice(FrameType.abort, this.#abort);
      this.#abort = null;
    } else if (due.byeHeard) {
      due.byeHeard = false;
      this.#notice(FrameType.byeHeard);
    } else if (due.release) {
      due.release = false;
      this.#notice(FrameType.release);
    } else if (due.beat) {
      due.beat = false;
      this.#notice(FrameType.beat);
    } else if (this.#makeData()) {
      return true;
    } else if (this.#owesCredit()) {
      this.#notice(FrameType.credit);
    } else if (due.bye && this.#messages.length === 0) {
      due.bye = false;
      this.#notice(FrameType.bye);
    } else return false;
    return true;
  }

  #owesCredit(): boolean {
    const { consumed, windowBytes } = this.#options;
    return (consumed() - this.#told) >>> 0 >= windowBytes / 4;
  }

  #makeData(): boolean {
    const entry = this.#messages[this.#first];
    if (!entry) return false;
    const { bytes, channel, sequence, flags } = entry.message;
    const size = Math.min(this.#payloadBytes, bytes.length - this.#offset);
    const cost = HEADER_BYTES + size;
    if (this.#outstanding + cost > this.#options.windowBytes) return false;
    const { header } = this.#options;
    header.type = FrameType.data;
    header.flags = flags;
    header.channel = channel;
    header.sequence = sequence;
    header.messageBytes = bytes.length;
    header.offset = this.#offset;
    if (this.#offset === 0) this.#options.recorder.moving(entry.flight);
    const isWhole = size === bytes.length;
    this.#seal(isWhole ? bytes : bytes.subarray(this.#offset, this.#offset + size));
    this.#sentBytes = (this.#sentBytes + cost) >>> 0;
    this.#outstanding += cost;
    this.#offset += size;
    if (this.#offset === bytes.length) this.#endMessage(entry);
    return true;
  }

  #endMessage(entry: Entry): void {
    this.#ending = entry;
    this.#offset = 0;
    this.#first++;
    // Moved together now and then, not at every message.
    if (this.#first === this.#messages.length) this.#messages = [];
    else if (this.#first > 1000) this.#messages = this.#messages.slice(this.#first);
    else return;
    this.#first = 0;
  }

  #notice(type: number, payload: Buffer = NOTHING): void {
    const { header } = this.#options;
    header.type = type;
    header.flags = 0;
    header.channel = 0;
    header.sequence = 0;
    header.messageBytes = payload.length;
    header.offset = 0;
    this.#seal(payload);
  }

  #seal(payload: Uint8Array): void {
    const { header, seal, consumed } = this.#options;
    const frame = this.#frame.subarray(0, HEADER_BYTES + payload.length + seal.trailerBytes);
    this.#told = consumed();
    header.linkSequence = this.#sequence;
    header.payloadBytes = payload.length;
    header.credited = this.#told;
    encodeHeader(header, frame);
    copyBytes(payload, frame, HEADER_BYTES);
    seal.close(frame, this.#sequence);
    this.#sequence++;
    this.#pending = frame;
  }
}
