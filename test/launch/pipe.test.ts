import { PassThrough } from "node:stream";
import test from "ava";
import fc from "fast-check";
import { EnvironmentError } from "../../src/base/errors.ts";
import { Channel } from "../../src/launch/channel.ts";
import { Lines } from "../../src/launch/lines.ts";
import { encodeFrame, FrameDecoder, LONGEST_PAYLOAD_BYTES, type Words } from "../../src/launch/pipe.ts";

type Heard = [words: Words, payload: Uint8Array];

const frame = fc.tuple(
  fc.dictionary(
    fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__" && key !== "#"),
    fc.oneof(fc.double(), fc.string(), fc.boolean()),
  ),
  fc.uint8Array({ maxLength: 300 }),
);

/** The bytes in pieces, cut at the given places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

test("messages come back as they were, NaN and −0 too, however the bytes are cut", (t) => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(([words, payload]) => encodeFrame(words, payload)));
      const heard: Heard[] = [];
      const decoder = new FrameDecoder((words, payload) => heard.push([words, payload]));
      for (const piece of pieces(bytes, cuts)) decoder.push(piece);
      t.deepEqual(
        heard,
        frames.map(([words, payload]) => [{ ...words }, payload]),
      );
      t.true(decoder.isBetween);
    }),
  );
});

test("whatever the bytes, they are messages or one EnvironmentError", (t) => {
  fc.assert(
    fc.property(
      frame,
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(),
      fc.nat(255),
      ([words, payload], noise, at, value) => {
        const bytes = Buffer.concat([encodeFrame(words, payload), noise]);
        bytes[at % bytes.length] = value;
        try {
          new FrameDecoder(() => {}).push(bytes);
        } catch (error) {
          t.true(error instanceof EnvironmentError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
  t.pass();
});

test("a length beyond the limits is refused before its bytes come", (t) => {
  for (const [json, payload] of [
    [0, 0],
    [1, 0],
    [2 ** 20 + 1, 0],
    [2, 2 ** 20 + 1],
    [2 ** 32 - 1, 2 ** 32 - 1],
  ]) {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(json, 0);
    head.writeUInt32LE(payload, 4);
    t.throws(() => new FrameDecoder(() => {}).push(head), { code: "pipe-damaged" }, `${json} ${payload}`);
  }
  t.throws(() => encodeFrame({}, new Uint8Array(LONGEST_PAYLOAD_BYTES + 1)), { instanceOf: RangeError });
});

test("a channel brings messages and the pieces of a file in their order, and then its end", async (t) => {
  const [there, back] = [new PassThrough({ highWaterMark: 100 }), new PassThrough()];
  const heard: number[] = [];
  const ended = new Promise((resolve) => {
    new Channel(there, back, {
      hear: ({ at }: { at: number }, payload) => heard.push(Number(at), payload.length),
      ended: resolve,
    });
  });
  const sender = new Channel(back, there, { hear: () => {}, ended: () => {} });
  sender.send({ at: 0 });
  sender.sendAll([1, 2, 3].map((at) => [{ at }, new Uint8Array(500)] as const));
  sender.send({ at: 4 });
  await sender.flushed();
  there.end();
  t.is(await ended, null);
  t.deepEqual(heard, [0, 0, 1, 500, 2, 500, 3, 500, 4, 0]);
});

test("a channel that ends within a message says so", async (t) => {
  const there = new PassThrough();
  const ended = new Promise((resolve) => {
    new Channel(there, new PassThrough(), { hear: () => {}, ended: resolve });
  });
  there.end(encodeFrame({ a: 1 }).subarray(0, 9));
  t.regex(String(await ended), /within a message/);
});

test("text is cut into the same lines however its bytes come", (t) => {
  const text = fc.string({ unit: fc.constantFrom("a", "ü", "€", "😀", "\n", "\r", " "), maxLength: 40 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(), { maxLength: 10 }), (drawn, cuts) => {
      const lines: string[] = [];
      const cutter = new Lines((line) => lines.push(line));
      for (const piece of pieces(Buffer.from(drawn), cuts)) cutter.push(piece);
      cutter.end();
      const whole = drawn.split(/\r\n|\n|\r/);
      if (whole.at(-1) === "") whole.pop();
      t.deepEqual(lines, whole);
    }),
    { numRuns: 1000 },
  );
});
