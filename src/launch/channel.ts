/** One end of a control pipe: messages out in order, with back pressure; messages in; and the end of the other side. */
import type { Readable, Writable } from "node:stream";
import { encodeFrame, FrameDecoder } from "./pipe.ts";

export interface ChannelEvents<In> {
  hear(message: In, payload: Uint8Array): void;
  /** Once: the other side has ended, in the middle of a message or damaging one if there is an error. */
  ended(error: unknown): void;
}

/** Frames yet to be made: of a message, or one after the other of a file. */
type Frames = Iterator<Uint8Array>;

/** What pushes bytes out while the other side takes them; frames are made when there is room. */
export class Channel<In extends object, Out extends object> {
  readonly #output: Writable;
  readonly #events: ChannelEvents<In>;
  readonly #queue: Frames[] = [];
  readonly #waiting: (() => void)[] = [];
  #blocked = false;
  #ended = false;

  constructor(input: Readable, output: Writable, events: ChannelEvents<In>) {
    this.#output = output;
    this.#events = events;
    const decoder = new FrameDecoder((words, payload) => {
      if (!this.#ended) events.hear(words as In, payload);
    });
    input.on("data", (chunk: Uint8Array) => {
      if (this.#ended) return;
      try {
        decoder.push(chunk);
      } catch (thrown) {
        this.#end(thrown);
      }
    });
    input.on("end", () => this.#end(decoder.isBetween ? null : new Error("it ended within a message")));
    input.on("error", (error) => this.#end(error));
    input.on("close", () => this.#end(null));
    // Whoever is gone is told by the end of the input, which is what counts.
    output.on("error", () => {
      this.#queue.length = 0;
      this.#blocked = true;
      this.#release();
    });
    output.on("drain", () => {
      this.#blocked = false;
      this.#pump();
    });
  }

  send(message: Out, payload?: Uint8Array): void {
    this.#enqueue([encodeFrame(message, payload)].values());
  }

  /** Frames that `make` yields one by one, when there is room for the next. */
  sendAll(frames: Iterable<readonly [message: Out, payload: Uint8Array]>): void {
    const encode = function* () {
      for (const [message, payload] of frames) yield encodeFrame(message, payload);
    };
    this.#enqueue(encode());
  }

  /** Resolves when everything is with the system, or the other side is gone. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isIdle()) resolve();
      else this.#waiting.push(resolve);
    });
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && (this.#output.writableLength === 0 || this.#output.destroyed);
  }

  #enqueue(frames: Frames): void {
    if (this.#output.destroyed || this.#output.writableEnded) return;
    this.#queue.push(frames);
    this.#pump();
  }

  #pump(): void {
    while (!this.#blocked && this.#queue.length > 0) {
      const { done, value } = this.#queue[0].next();
      if (done) this.#queue.shift();
      else this.#blocked = !this.#output.write(value, () => this.#release());
    }
    this.#release();
  }

  #release(): void {
    if (!this.#isIdle()) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.ended(error);
  }
}
