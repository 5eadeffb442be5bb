/**
 * A frame: 64 bytes of header, then payload, then a tag where frames are sealed. Little endian.
 *
 *      0       4   5   6       8               16              24      28  30
 *      │ magic │ver│typ│ flags │ link sequence │ run (64 bits) │ gener.│ s │ d │   s source, d destination: u16
 *      32      36      40      44      48      52      56      60
 *      │channel│sequen.│message│offset │payload│credit.│ crc32 │   0   │          bytes: message, offset, payload
 *      64
 *      │ payload …                                             │ tag (16 bytes: auth and encrypt) │
 *
 * `credited`: how many bytes of frames the sender of this one has consumed, modulo 2^32. `crc32` is 0 in sealed frames.
 */
import { FrameError } from "./link-error.ts";

export const HEADER_BYTES = 64;
export const CRC_OFFSET = 56;
const MAGIC = 0x4b53_4c01;
const VERSION = 1;

export const FrameType = {
  hello: 1,
  challenge: 2,
  proof: 3,
  data: 4,
  credit: 5,
  beat: 6,
  abort: 7,
  bye: 8,
  byeHeard: 9,
  release: 10,
} as const;
const LAST_TYPE = FrameType.release;
const U16 = 0xffff;
const U32 = 0xffff_ffff;

/** Every field that a frame carries; all but linkSequence (below 2^53) are u32 or, where said, smaller. */
export interface FrameHeader {
  /** u8 */
  type: number;
  /** u16 */
  flags: number;
  linkSequence: number;
  runLow: number;
  runHigh: number;
  generation: number;
  /** u16 */
  source: number;
  /** u16 */
  destination: number;
  channel: number;
  sequence: number;
  messageBytes: number;
  offset: number;
  payloadBytes: number;
  credited: number;
}

export function emptyHeader(): FrameHeader {
  return {
    type: FrameType.beat,
    flags: 0,
    linkSequence: 0,
    runLow: 0,
    runHigh: 0,
    generation: 0,
    source: 0,
    destination: 0,
    channel: 0,
    sequence: 0,
    messageBytes: 0,
    offset: 0,
    payloadBytes: 0,
    credited: 0,
  };
}

function limited(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most && !Object.is(value, -0)) return value;
  throw new FrameError("frame-field", `a frame's ${name} is ${value}, not an integer from 0 to ${most}`);
}

/** What holds of the fields together, on both sides. */
function checkRelations(header: FrameHeader): void {
  if (header.type < FrameType.hello || header.type > LAST_TYPE)
    throw new FrameError("frame-type", `a frame has the unknown type ${header.type}`);
  if (header.offset + header.payloadBytes > header.messageBytes)
    throw new FrameError(
      "frame-length",
      `a frame's ${header.payloadBytes} bytes at ${header.offset} do not fit a message of ${header.messageBytes}`,
    );
}

/** Writes the header; crc32 and reserved become 0. Throws a FrameError for a field out of its range. */
export function encodeHeader(header: FrameHeader, frame: Buffer): void {
  const linkSequence = limited("linkSequence", header.linkSequence, Number.MAX_SAFE_INTEGER);
  limited("type", header.type, 0xff);
  checkRelations(header);
  frame.writeUInt32LE(MAGIC, 0);
  frame[4] = VERSION;
  frame[5] = header.type;
  frame.writeUInt16LE(limited("flags", header.flags, U16), 6);
  frame.writeUInt32LE(linkSequence % 2 ** 32, 8);
  frame.writeUInt32LE(Math.floor(linkSequence / 2 ** 32), 12);
  frame.writeUInt32LE(limited("run", header.runLow, U32), 16);
  frame.writeUInt32LE(limited("run", header.runHigh, U32), 20);
  frame.writeUInt32LE(limited("generation", header.generation, U32), 24);
  frame.writeUInt16LE(limited("source", header.source, U16), 28);
  frame.writeUInt16LE(limited("destination", header.destination, U16), 30);
  frame.writeUInt32LE(limited("channel", header.channel, U32), 32);
  frame.writeUInt32LE(limited("sequence", header.sequence, U32), 36);
  frame.writeUInt32LE(limited("messageBytes", header.messageBytes, U32), 40);
  frame.writeUInt32LE(limited("offset", header.offset, U32), 44);
  frame.writeUInt32LE(limited("payloadBytes", header.payloadBytes, U32), 48);
  frame.writeUInt32LE(limited("credited", header.credited, U32), 52);
  frame.writeUInt32LE(0, CRC_OFFSET);
  frame.writeUInt32LE(0, 60);
}

/** Reads the header of a whole frame that ends in `trailerBytes` of seal. Throws nothing but FrameError. */
export function decodeHeader(frame: Buffer, header: FrameHeader, trailerBytes: number): void {
  const payloadBytes = frame.length - HEADER_BYTES - trailerBytes;
  if (payloadBytes < 0) throw new FrameError("frame-length", `${frame.length} bytes are too few for a frame`);
  if (frame.readUInt32LE(0) !== MAGIC) throw new FrameError("frame-magic", "bytes that are no frame of ours");
  if (frame[4] !== VERSION) throw new FrameError("frame-version", `a frame has the version ${frame[4]}`);
  const high = frame.readUInt32LE(12);
  if (high >= 2 ** 21) throw new FrameError("frame-field", "a frame's linkSequence is 2^53 or more");
  if (frame.readUInt32LE(60) !== 0) throw new FrameError("frame-field", "a frame's reserved field is not 0");
  header.type = frame[5];
  header.flags = frame.readUInt16LE(6);
  header.linkSequence = high * 2 ** 32 + frame.readUInt32LE(8);
  header.runLow = frame.readUInt32LE(16);
  header.runHigh = frame.readUInt32LE(20);
  header.generation = frame.readUInt32LE(24);
  header.source = frame.readUInt16LE(28);
  header.destination = frame.readUInt16LE(30);
  header.channel = frame.readUInt32LE(32);
  header.sequence = frame.readUInt32LE(36);
  header.messageBytes = frame.readUInt32LE(40);
  header.offset = frame.readUInt32LE(44);
  header.payloadBytes = frame.readUInt32LE(48);
  header.credited = frame.readUInt32LE(52);
  checkRelations(header);
  if (header.payloadBytes !== payloadBytes)
    throw new FrameError(
      "frame-length",
      `a frame says ${header.payloadBytes} bytes of payload and has ${payloadBytes}`,
    );
}
