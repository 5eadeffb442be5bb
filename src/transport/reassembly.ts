/**
 * Puts frames of data together, each straight into its message's place. Frames of a message that has no place yet are kept; the
 * window bounds how many.
 */
import { type FlightRecorder, IN } from "../profile/flight-recorder.ts";
import { copyBytes } from "./copy.ts";
import { type FrameHeader, HEADER_BYTES } from "./frame.ts";
import { FrameError } from "./link-error.ts";
import type { Inbox } from "./transport.ts";

interface Held {
  readonly header: FrameHeader;
  readonly payload: Buffer;
  readonly flight: number;
}

export interface ReassemblyOptions {
  readonly peer: number;
  readonly windowBytes: number;
  readonly inbox: Pick<Inbox, "place" | "arrived">;
  readonly recorder: FlightRecorder;
}

export class Reassembly {
  readonly #options: ReassemblyOptions;
  readonly #arrival: { peer: number; channel: number; sequence: number; flags: number; bytes: number };
  #place: Uint8Array | null = null;
  #received = 0;
  #flight = 0;
  #held: Held[] = [];
  /** Of `held`, those before it were put into place. */
  #first = 0;
  #keptBytes = 0;
  #isReleased = false;
  /** The inbox has been called and may call back: resume() goes on when it returns. */
  #isBusy = false;
  /** Bytes of frames that were put into place, modulo 2^32. */
  consumed = 0;

  constructor(options: ReassemblyOptions) {
    this.#options = options;
    this.#arrival = { peer: options.peer, channel: 0, sequence: 0, flags: 0, bytes: 0 };
  }

  /** From now on the inbox is asked. */
  release(): void {
    this.#isReleased = true;
    this.resume();
  }

  /** Throws a FrameError for a frame that does not continue what came before, or is more than the sender may send. */
  take(header: FrameHeader, payload: Buffer): void {
    const flight = header.offset === 0 ? this.#record(header) : 0;
    const isFree = this.#isReleased && !this.#isBusy && this.#first === this.#held.length;
    if (isFree && this.#put(header, payload, flight)) return;
    this.#keptBytes += HEADER_BYTES + payload.length;
    if (this.#keptBytes > this.#options.windowBytes)
      throw new FrameError("window-exceeded", "it sends more than this side has room for");
    this.#held.push({ header: { ...header }, payload: Buffer.from(payload), flight });
  }

  /** Puts into place what was kept, as far as there are places. */
  resume(): void {
    if (!this.#isReleased || this.#isBusy) return;
    while (this.#first < this.#held.length) {
      const { header, payload, flight } = this.#held[this.#first];
      if (!this.#put(header, payload, flight)) return;
      this.#keptBytes -= HEADER_BYTES + payload.length;
      this.#first++;
      if (this.#first > 1000) {
        this.#held = this.#held.slice(this.#first);
        this.#first = 0;
      }
    }
    this.#held = [];
    this.#first = 0;
  }

  /** False where the message has no place yet. */
  #put(header: FrameHeader, payload: Buffer, flight: number): boolean {
    this.#isBusy = true;
    try {
      if (this.#place === null && !this.#begin(header, flight)) return false;
      this.#fill(header, payload);
      return true;
    } finally {
      this.#isBusy = false;
    }
  }

  #fill(header: FrameHeader, payload: Buffer): void {
    const { inbox, recorder } = this.#options;
    const place = this.#place as Uint8Array;
    this.#check(header);
    copyBytes(payload, place, header.offset);
    this.#received += payload.length;
    this.consumed = (this.consumed + HEADER_BYTES + payload.length) >>> 0;
    if (this.#received < place.length) return;
    this.#place = null;
    recorder.done(this.#flight);
    inbox.arrived(this.#arrival);
  }

  #record({ channel, sequence, messageBytes }: FrameHeader): number {
    const { recorder, peer } = this.#options;
    return recorder.begin(IN, peer, channel, sequence, messageBytes);
  }

  #begin({ channel, sequence, flags, messageBytes, offset }: FrameHeader, flight: number): boolean {
    if (offset !== 0) throw new FrameError("frame-order", "a message begins in its middle");
    const { inbox, recorder } = this.#options;
    const arrival = this.#arrival;
    arrival.channel = channel;
    arrival.sequence = sequence;
    arrival.flags = flags;
    arrival.bytes = messageBytes;
    const place = inbox.place(arrival);
    if (place === null) return false;
    if (place.length !== messageBytes)
      throw new FrameError(
        "wrong-place",
        `a message of ${messageBytes} bytes was given a place of ${place.length}`,
      );
    this.#place = place;
    this.#received = 0;
    this.#flight = flight;
    recorder.moving(flight);
    return true;
  }

  #check({ channel, sequence, flags, messageBytes, offset, payloadBytes }: FrameHeader): void {
    const arrival = this.#arrival;
    const continues =
      offset === this.#received &&
      channel === arrival.channel &&
      sequence === arrival.sequence &&
      flags === arrival.flags &&
      messageBytes === arrival.bytes;
    if (!continues || (payloadBytes === 0 && messageBytes > 0))
      throw new FrameError("frame-order", "a frame does not continue its message");
  }
}
