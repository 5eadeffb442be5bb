/** Frames: what is written is read, and nothing else is. */
import test from "ava";
import * as fc from "fast-check";
import {
  decodeHeader,
  emptyHeader,
  encodeHeader,
  type FrameHeader,
  HEADER_BYTES,
} from "../../src/transport/frame.ts";
import { FrameError } from "../../src/transport/link-error.ts";

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

const headers = fc
  .record({
    ...{ type: fc.integer({ min: 1, max: 9 }), flags: u16, linkSequence: fc.maxSafeNat() },
    ...{ runLow: u32, runHigh: u32, generation: u32, source: u16, destination: u16 },
    ...{ channel: u32, sequence: u32, credited: u32 },
    offset: fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 0xffff_0000 })),
    payloadBytes: fc.integer({ min: 0, max: 300 }),
    behind: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ behind, ...header }): FrameHeader => {
    return { ...header, messageBytes: header.offset + header.payloadBytes + behind };
  });

function decoded(frame: Buffer, trailerBytes: number): FrameHeader {
  const header = emptyHeader();
  decodeHeader(frame, header, trailerBytes);
  return header;
}

test("a header that is encoded is decoded as it was, and nothing behind it is touched", (t) => {
  fc.assert(
    fc.property(headers, fc.constantFrom(0, 16), (header, trailerBytes) => {
      const frame = Buffer.alloc(HEADER_BYTES + header.payloadBytes + trailerBytes, 0xaa);
      encodeHeader(header, frame);
      t.deepEqual(decoded(frame, trailerBytes), header);
      t.true(frame.subarray(HEADER_BYTES).every((byte) => byte === 0xaa));
    }),
  );
});

test("a field out of its range is not encoded, but named", (t) => {
  const frame = Buffer.alloc(HEADER_BYTES);
  const limits: [keyof FrameHeader, number][] = [
    ["flags", 0xffff],
    ["linkSequence", Number.MAX_SAFE_INTEGER],
    ["runLow", 0xffff_ffff],
    ["runHigh", 0xffff_ffff],
    ["generation", 0xffff_ffff],
    ["source", 0xffff],
    ["destination", 0xffff],
    ["channel", 0xffff_ffff],
    ["sequence", 0xffff_ffff],
    ["messageBytes", 0xffff_ffff],
    ["credited", 0xffff_ffff],
  ];
  for (const [name, most] of limits) {
    t.notThrows(() => encodeHeader({ ...emptyHeader(), [name]: most }, frame), name);
    for (const value of [most + 1, -1, 0.5, Number.NaN])
      t.throws(
        () => encodeHeader({ ...emptyHeader(), [name]: value }, frame),
        { instanceOf: FrameError },
        name,
      );
  }
  for (const type of [0, 11, 256, -1])
    t.throws(() => encodeHeader({ ...emptyHeader(), type }, frame), { instanceOf: FrameError });
  const behind = { ...emptyHeader(), messageBytes: 10, offset: 8, payloadBytes: 3 };
  t.throws(() => encodeHeader(behind, frame), { code: "frame-length" });
});

test("any bytes at all are a header or a named error", (t) => {
  const changes = fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { maxLength: 3 });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.boolean(),
      headers,
      changes,
      (bytes, looksRight, header, changed) => {
        const frame = Buffer.from(bytes);
        if (looksRight && frame.length >= HEADER_BYTES) {
          encodeHeader(header, frame);
          for (const [at, value] of changed) frame[at] = value;
        }
        try {
          t.is(frame.length, HEADER_BYTES + decoded(frame, 0).payloadBytes);
        } catch (thrown) {
          t.true(thrown instanceof FrameError, String(thrown));
        }
      },
    ),
    { numRuns: 2000 },
  );
  const request = Buffer.from(`GET / HTTP/1.1\r\n${" ".repeat(80)}`);
  t.throws(() => decoded(request, 0), { code: "frame-magic" });
});
