/**
 * A frame: a header of 64 bytes, then the payload, then a seal. All numbers little-endian.
 *
 *      0 magic u32 │  4 version u8 │ 5 kind u8 │ 6 flags u16 │  8 run u64            │ 16 sequence u64
 *     24 source u16 │ 26 target u16 │ 28 channel u32          │ 32 execution u32      │ 36 first byte u32
 *     40 message bytes u32 │ 44 payload bytes u32 │ 48 credit u32 │ 52 … 63 zero
 *
 * The sequence counts the frames of one direction of one link; a gap or a repeat breaks the link.
 */
import { LinkError } from "./link-error.ts";

export const HEADER_BYTES = 64;
/** Of a payload; a longer message takes several frames. */
export const PAYLOAD_BYTES = 128 * 1024;
/** What a frame may be before the link's ends know each other. */
export const GREETING_BYTES = 8192;
export const LARGEST_MESSAGE_BYTES = 2 ** 31 - 1;

const MAGIC = 0x4b_4c_53_4c;
const VERSION = 1;

export const FRAME = {
  hello: 1,
  challenge: 2,
  proof: 3,
  data: 4,
  credit: 5,
  beat: 6,
  abort: 7,
  bye: 8,
} as const;
export type FrameKind = keyof typeof FRAME;
const KINDS = Object.keys(FRAME) as FrameKind[];

export interface Header {
  kind: FrameKind;
  flags: number;
  run: bigint;
  sequence: bigint;
  source: number;
  target: number;
  channel: number;
  execution: number;
  /** Where the payload begins within its message. */
  first: number;
  messageBytes: number;
  payloadBytes: number;
  /** Bytes of payload that the receiver of data gives back to its sender. */
  credit: number;
}

export function emptyHeader(run: bigint, source: number, target: number): Header {
  return {
    ...{ kind: "beat", flags: 0, run, sequence: 0n, source, target, channel: 0, execution: 0 },
    ...{ first: 0, messageBytes: 0, payloadBytes: 0, credit: 0 },
  };
}

/** Writes a header at the beginning of `frame`. */
export function encode(header: Header, frame: Buffer): void {
  frame.fill(0, 0, HEADER_BYTES);
  frame.writeUInt32LE(MAGIC, 0);
  frame.writeUInt8(VERSION, 4);
  frame.writeUInt8(FRAME[header.kind], 5);
  frame.writeUInt16LE(header.flags, 6);
  frame.writeBigUInt64LE(header.run, 8);
  frame.writeBigUInt64LE(header.sequence, 16);
  frame.writeUInt16LE(header.source, 24);
  frame.writeUInt16LE(header.target, 26);
  frame.writeUInt32LE(header.channel, 28);
  frame.writeUInt32LE(header.execution, 32);
  frame.writeUInt32LE(header.first, 36);
  frame.writeUInt32LE(header.messageBytes, 40);
  frame.writeUInt32LE(header.payloadBytes, 44);
  frame.writeUInt32LE(header.credit, 48);
}

/** Reads a header. Throws a LinkError that says what is wrong with it; `sealBytes` follow the payload. */
export function decode(frame: Buffer, sealBytes: number): Header {
  if (frame.length < HEADER_BYTES) throw malformed(`is of ${frame.length} bytes`);
  if (frame.readUInt32LE(0) !== MAGIC) throw malformed("is not Lockstep's");
  if (frame.readUInt8(4) !== VERSION) throw malformed(`is of version ${frame.readUInt8(4)}, not ${VERSION}`);
  const kind = KINDS[frame.readUInt8(5) - 1];
  if (kind === undefined) throw malformed(`is of kind ${frame.readUInt8(5)}`);
  for (let at = 52; at < HEADER_BYTES; at += 4)
    if (frame.readUInt32LE(at) !== 0) throw malformed(`has something at byte ${at}`);
  const header: Header = {
    kind,
    flags: frame.readUInt16LE(6),
    run: frame.readBigUInt64LE(8),
    sequence: frame.readBigUInt64LE(16),
    source: frame.readUInt16LE(24),
    target: frame.readUInt16LE(26),
    channel: frame.readUInt32LE(28),
    execution: frame.readUInt32LE(32),
    first: frame.readUInt32LE(36),
    messageBytes: frame.readUInt32LE(40),
    payloadBytes: frame.readUInt32LE(44),
    credit: frame.readUInt32LE(48),
  };
  const { first, payloadBytes, messageBytes } = header;
  if (HEADER_BYTES + payloadBytes + sealBytes !== frame.length)
    throw malformed(`of ${frame.length} bytes says that ${payloadBytes} are its payload`);
  if (messageBytes > LARGEST_MESSAGE_BYTES || (kind === "data" && first + payloadBytes > messageBytes))
    throw malformed(`has bytes ${first} to ${first + payloadBytes} of a message of ${messageBytes}`);
  return header;
}

const malformed = (what: string): LinkError =>
  new LinkError(
    "bad-frame",
    `a frame ${what}`,
    "something else talks to this port, or the network damages data",
  );
