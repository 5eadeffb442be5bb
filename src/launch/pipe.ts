/**
 * The bytes of a control pipe: JSON, and bytes that need no JSON, in frames with limits.
 *
 *   ┌──────────┬────────────┬─────────────────┬───────────────────┐
 *   │ u32 J    │ u32 P      │ J bytes of JSON │ P bytes, payload  │   little-endian
 *   └──────────┴────────────┴─────────────────┴───────────────────┘
 */
import { EnvironmentError } from "../base/errors.ts";

/** What is longer goes in several messages. */
export const LONGEST_JSON_BYTES = 1 << 20;
export const LONGEST_PAYLOAD_BYTES = 1 << 20;
const HEAD_BYTES = 8;
const NOTHING = new Uint8Array(0);

/** A message of the control pipe: plain data. */
export type Words = Readonly<Record<string, unknown>>;

/** Throws a RangeError for what exceeds the limits: our own mistake. */
export function encodeFrame(words: object, payload: Uint8Array = NOTHING): Uint8Array {
  const json = Buffer.from(JSON.stringify(words, unusual));
  if (json.length > LONGEST_JSON_BYTES || payload.length > LONGEST_PAYLOAD_BYTES)
    throw new RangeError(`a message of ${json.length} + ${payload.length} bytes is too long for the pipe`);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + json.length + payload.length);
  frame.writeUInt32LE(json.length, 0);
  frame.writeUInt32LE(payload.length, 4);
  frame.set(json, HEAD_BYTES);
  frame.set(payload, HEAD_BYTES + json.length);
  return frame;
}

/** JSON knows no NaN, no infinity and no −0: they travel as {"#": "NaN"}. */
function unusual(_: string, value: unknown): unknown {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return { "#": Object.is(value, -0) ? "-0" : String(value) };
}

function usual(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("#" in value)) return value;
  return Number(value["#"]);
}

/** Takes bytes as they come and tells each message once it is whole. */
export class FrameDecoder {
  readonly #hear: (words: Words, payload: Uint8Array) => void;
  /** What has come of the frame in hand; its parts are joined once it is whole. */
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #needed = HEAD_BYTES;

  /** The payload is the hearer's to keep. */
  constructor(hear: (words: Words, payload: Uint8Array) => void) {
    this.#hear = hear;
  }

  /** True between frames: here the other side may end. */
  get isBetween(): boolean {
    return this.#bytes === 0;
  }

  /**
   * Throws an EnvironmentError at the first byte that cannot be part of a frame; nothing is allocated for a
   * length beforehand.
   */
  push(chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0; ) {
      const taken = rest.subarray(0, this.#needed - this.#bytes);
      rest = rest.subarray(taken.length);
      this.#parts.push(taken);
      this.#bytes += taken.length;
      if (this.#bytes === HEAD_BYTES && this.#needed === HEAD_BYTES) this.#needed += this.#lengths();
      if (this.#bytes === this.#needed && this.#needed > HEAD_BYTES) this.#finish();
    }
  }

  #joined(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    const [{ buffer, byteOffset, byteLength }] = this.#parts;
    return Buffer.from(buffer, byteOffset, byteLength);
  }

  #lengths(): number {
    const head = this.#joined();
    const [json, payload] = [head.readUInt32LE(0), head.readUInt32LE(4)];
    if (json < 2 || json > LONGEST_JSON_BYTES || payload > LONGEST_PAYLOAD_BYTES)
      throw damaged(`a message of ${json} + ${payload} bytes`);
    return json + payload;
  }

  #finish(): void {
    const frame = this.#joined();
    const end = HEAD_BYTES + frame.readUInt32LE(0);
    this.#parts = [];
    this.#bytes = 0;
    this.#needed = HEAD_BYTES;
    this.#hear(parseWords(frame.toString("utf8", HEAD_BYTES, end)), Uint8Array.from(frame.subarray(end)));
  }
}

function parseWords(text: string): Words {
  let words: unknown;
  try {
    words = JSON.parse(text, usual);
  } catch (thrown) {
    throw damaged("what is no JSON", thrown);
  }
  if (typeof words !== "object" || words === null || Array.isArray(words)) throw damaged("what is no object");
  return words as Words;
}

function damaged(what: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError(
    "pipe-damaged",
    `the control pipe brought ${what}`,
    "this is a defect of Lockstep, or something else writes into its pipe",
    cause,
  );
}
