import test from "ava";
import { philoxBlock } from "../../src/base/philox.ts";
import { STREAM } from "../../src/kernels/abi.ts";
import { difference, run } from "./poison.ts";
import { allTwins } from "./twins.ts";

const twins = allTwins(4 << 20);
const SLICES = [
  [0, 0],
  [0, 1],
  [1, 1],
  [3, 2],
  [2, 7],
  [4, 4],
  [5, 3],
  [0, 31],
  [0, 32],
  [0, 33],
  [3, 33],
  [1, 67],
  [0, 1003],
  [997, 33],
  [2 ** 31 + 5, 9],
  [2 ** 32 - 6, 6],
  [2 ** 32 - 41, 41],
] as const;
const KEY = [0xdeadbeef, 0x01234567, 77, 0xffffffff];

function stream(low = 0, high = 1): Uint8Array {
  const block = new DataView(new ArrayBuffer(STREAM.bytes));
  for (const [i, word] of KEY.entries()) block.setUint32(4 * i, word, true);
  block.setFloat32(STREAM.low, low, true);
  block.setFloat32(STREAM.high, high, true);
  return new Uint8Array(block.buffer);
}

/** value(e) = philox(e >> 2)[e & 3], each from a block of its own. */
function bitsOf(first: number, count: number): Uint32Array {
  const block = new Uint32Array(4);
  return Uint32Array.from({ length: count }, (_, i) => {
    philoxBlock(block, Math.floor((first + i) / 4), 0, KEY[2], KEY[3], KEY[0], KEY[1]);
    return block[(first + i) % 4];
  });
}

test("the generator gives Random123's known answers", (t) => {
  const answers: [number[], string][] = [
    [[0, 0, 0, 0, 0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [new Array(6).fill(0xffffffff), "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    ],
  ];
  const out = new Uint32Array(4);
  for (const [[c0, c1, c2, c3, k0, k1], expected] of answers) {
    philoxBlock(out, c0, c1, c2, c3, k0, k1);
    t.is([...out].map((word) => word.toString(16).padStart(8, "0")).join(" "), expected);
  }
});

test("any slice of a stream has the bits of the generator in TypeScript", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const [first, count] of SLICES) {
      const [found] = run(memory, [new Uint32Array(count), stream()], (out, stream) =>
        kernels.philox(out, stream, first | 0, count),
      );
      t.is(difference(found, bitsOf(first, count)), undefined, `${engine} ${first} + ${count}`);
    }
  }
});

test("uniform numbers are low + (high − low)·u of 24 bits in f32, whatever the slice", (t) => {
  const f = Math.fround;
  const [low, high] = [f(-0.0357), f(0.1)];
  for (const { engine, kernels, memory } of twins) {
    for (const [first, count] of SLICES) {
      const expected = Float32Array.from(
        bitsOf(first, count),
        (bits) => low + f(f(high - low) * ((bits >>> 8) * 2 ** -24)),
      );
      const [found] = run(memory, [new Float32Array(count), stream(low, high)], (out, stream) =>
        kernels.uniform(out, stream, first | 0, count),
      );
      t.is(difference(found, expected), undefined, `${engine} ${first} + ${count}`);
    }
  }
});

test("normal numbers have their twin's bits in any slice, and are Box–Muller's of f64 within 4e-6", (t) => {
  for (const { engine, kernels, reference, memory } of twins) {
    for (const [first, count] of SLICES) {
      const operands = [new Float32Array(count), stream()];
      const [expected] = run(memory, operands, (out, stream) =>
        reference.normal(out, stream, first | 0, count),
      );
      const [found] = run(memory, operands, (out, stream) => kernels.normal(out, stream, first | 0, count));
      t.is(difference(found, expected), undefined, `${engine} ${first} + ${count}`);
    }
    const [found] = run(memory, [new Float32Array(4000), stream()], (out, stream) =>
      kernels.normal(out, stream, 0, 4000),
    );
    const bits = bitsOf(0, 4000);
    for (let i = 0; i < 4000; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(((bits[i] >>> 8) + 1) * 2 ** -24));
      const angle = 2 * Math.PI * (bits[i + 1] >>> 8) * 2 ** -24;
      t.true(Math.abs(found[i] - radius * Math.cos(angle)) < 4e-6, `${engine} ${i}`);
      t.true(Math.abs(found[i + 1] - radius * Math.sin(angle)) < 4e-6, `${engine} ${i + 1}`);
    }
  }
});

test("100,000 normal numbers have mean 0, variance 1 and no skew", (t) => {
  const { kernels, memory } = twins[0];
  const n = 100_000;
  const [x] = run(memory, [new Float32Array(n), stream()], (out, stream) =>
    kernels.normal(out, stream, 0, n),
  ) as [Float32Array];
  const moment = (power: number): number => x.reduce((sum, value) => sum + value ** power, 0) / n;
  t.true(Math.abs(moment(1)) < 0.01, `${moment(1)}`);
  t.true(Math.abs(moment(2) - 1) < 0.015, `${moment(2)}`);
  t.true(Math.abs(moment(3)) < 0.03, `${moment(3)}`);
});
