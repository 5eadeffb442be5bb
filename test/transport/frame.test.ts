/** Frames: what is written is read, and nothing else is. */
import test from "ava";
import * as fc from "fast-check";
import { decode, encode, type FrameKind, HEADER_BYTES, type Header } from "../../src/transport/frame.ts";
import { LinkError } from "../../src/transport/link-error.ts";

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const KINDS: FrameKind[] = ["hello", "challenge", "proof", "data", "credit", "beat", "abort", "bye"];

const headers = fc
  .record({
    ...{ kind: fc.constantFrom(...KINDS), flags: u16, run: u64, sequence: u64, source: u16, target: u16 },
    ...{ channel: u32, execution: u32, credit: u32 },
    first: fc.integer({ min: 0, max: 1000 }),
    payloadBytes: fc.integer({ min: 0, max: 300 }),
    behind: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ behind, ...header }): Header => {
    return { ...header, messageBytes: header.first + header.payloadBytes + behind };
  });

test("a header that is encoded is decoded as it was", (t) => {
  fc.assert(
    fc.property(headers, fc.constantFrom(0, 16), (header, sealBytes) => {
      const frame = Buffer.alloc(HEADER_BYTES + header.payloadBytes + sealBytes);
      encode(header, frame);
      t.deepEqual(decode(frame, sealBytes), header);
    }),
  );
});

test("any bytes at all are a header or a named error", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), headers, (bytes, looksRight, header) => {
      const frame = Buffer.from(bytes);
      if (looksRight && frame.length >= HEADER_BYTES) encode(header, frame);
      try {
        const { payloadBytes } = decode(frame, 0);
        t.is(frame.length, HEADER_BYTES + payloadBytes);
      } catch (thrown) {
        t.true(thrown instanceof LinkError, String(thrown));
      }
    }),
  );
  t.throws(() => decode(Buffer.from(`GET / HTTP/1.1\r\n${" ".repeat(80)}`), 0), {
    message: /not Lockstep's/,
  });
});
