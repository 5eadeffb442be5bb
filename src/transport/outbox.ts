/** What a link has still to send: messages cut into frames, as far as the receiver's window goes; small frames of its own first. */
import { encode, type FrameKind, HEADER_BYTES, type Header, PAYLOAD_BYTES } from "./frame.ts";
import type { Seal } from "./seal.ts";
import type { Message } from "./transport.ts";

/** Bytes of payload that may be under way: the receiver gives them back when it has put them in their places. */
export const WINDOW_BYTES = 4 * 2 ** 20;

interface Entry {
  readonly message: Message;
  readonly sent: () => void;
  at: number;
}

/** A frame of the link's own. */
interface Notice {
  readonly kind: FrameKind;
  readonly credit: number;
  readonly payload: Buffer;
}

export class Outbox {
  readonly #header: Header;
  readonly #seal: Seal;
  readonly #send: (frame: Buffer) => boolean;
  readonly #frame = Buffer.allocUnsafeSlow(HEADER_BYTES + PAYLOAD_BYTES + 16);
  readonly #messages: Entry[] = [];
  readonly #notices: Notice[] = [];
  #window = WINDOW_BYTES;
  #sequence = 0n;

  /** `header` is of the link; `send` says whether the wire took the frame. */
  constructor(header: Header, seal: Seal, send: (frame: Buffer) => boolean) {
    this.#header = header;
    this.#seal = seal;
    this.#send = send;
  }

  add(message: Message, sent: () => void): void {
    this.#messages.push({ message, sent, at: -1 });
  }

  notify(kind: FrameKind, credit = 0, payload: Buffer = Buffer.alloc(0)): void {
    this.#notices.push({ kind, credit, payload });
  }

  give(bytes: number): void {
    this.#window += bytes;
  }

  /** Sends what the wire and the window take now. A farewell waits until all messages have gone. */
  pump(): void {
    for (;;) {
      const [notice] = this.#notices;
      if (notice && (notice.kind !== "bye" || this.#messages.length === 0)) {
        if (!this.#put(notice, 0, 0, notice.payload)) return;
        this.#notices.shift();
      } else if (!this.#pumpMessage()) return;
    }
  }

  #pumpMessage(): boolean {
    const [entry] = this.#messages;
    if (!entry) return false;
    const { message } = entry;
    const first = Math.max(0, entry.at);
    const size = Math.min(PAYLOAD_BYTES, message.bytes.length - first);
    if (size > this.#window) return false;
    const payload = message.bytes.subarray(first, first + size);
    if (!this.#put({ kind: "data", credit: 0 }, first, message.bytes.length, payload, message)) return false;
    this.#window -= size;
    entry.at = first + size;
    if (entry.at < message.bytes.length) return true;
    this.#messages.shift();
    entry.sent();
    return true;
  }

  #put(
    { kind, credit }: Pick<Notice, "kind" | "credit">,
    first: number,
    messageBytes: number,
    payload: Uint8Array,
    message?: Message,
  ): boolean {
    const frame = this.#frame.subarray(0, HEADER_BYTES + payload.length + this.#seal.bytes);
    const header = this.#header;
    header.kind = kind;
    header.credit = credit;
    header.first = first;
    header.messageBytes = messageBytes;
    header.payloadBytes = payload.length;
    header.sequence = this.#sequence;
    header.channel = message?.channel ?? 0;
    header.execution = message?.sequence ?? 0;
    header.flags = message?.flags ?? 0;
    encode(header, frame);
    frame.set(payload, HEADER_BYTES);
    this.#seal.close(frame, header.sequence);
    if (!this.#send(frame)) return false;
    this.#sequence++;
    return true;
  }
}
