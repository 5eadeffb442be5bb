/** The operands of a measured kernel: one word each in the tables of kernels, sizes and contents here. */
import { HYPER, STREAM } from "../kernels/abi.ts";
import type { Shape } from "./shapes.ts";

/** How the elements of an operand are filled before the kernel is called. */
export type Fill =
  | "signed"
  | "positive"
  | "ones"
  | "labels"
  | "order"
  | "bytes"
  | "hyper"
  | "stream"
  | "nothing";

/** An operand in memory: where it lies is the measuring thread's business. */
export interface Buffer {
  readonly fill: Fill;
  readonly bytes: number;
  /** Bytes of it that one call reads and writes. */
  readonly traffic: number;
  /** Labels and orders are below it. */
  readonly below: number;
}

/** An argument: a number as it is, or the address of a buffer. */
export type Operand = number | Buffer;

/** A matrix of rows × columns, n elements in all. */
export interface Extent {
  readonly rows: number;
  readonly columns: number;
}

const buffer = (fill: Fill, bytes: number, traffic = bytes, below = 0): Buffer => ({
  fill,
  bytes,
  traffic,
  below,
});

/** Words with what they stand for. */
export type Vocabulary = Readonly<Record<string, Operand>>;

/** Small blocks, whose traffic is not worth counting: a factor of 1, an f64, the optimizer's numbers, a random stream. */
const BLOCKS: Vocabulary = {
  one: buffer("ones", 4, 0),
  f64: buffer("nothing", 8, 0),
  hyper: buffer("hyper", HYPER.bytes, 0),
  stream: buffer("stream", STREAM.bytes, 0),
};

export function vectorWords({ rows, columns }: Extent): Vocabulary {
  const n = rows * columns;
  return {
    ...BLOCKS,
    ...{ n, rows, columns },
    // n floats: written; read, of both signs or above 0; read and written.
    out: buffer("nothing", 4 * n),
    in: buffer("signed", 4 * n),
    positive: buffer("positive", 4 * n),
    inout: buffer("positive", 4 * n, 8 * n),
    // A float for each column: written, read.
    columnsOut: buffer("nothing", 4 * columns),
    columnsIn: buffer("signed", 4 * columns),
    // 32 bits for each row: written; read, as class or as number of a row.
    rowsOut: buffer("nothing", 4 * rows),
    labels: buffer("labels", 4 * rows, 4 * rows, columns),
    order: buffer("order", 4 * rows, 4 * rows, rows),
    // n bytes, read.
    bytes: buffer("bytes", n),
  };
}

/** `lda` and `ldb` are the row strides of a and b as the variant stores them; c is dense. */
export function productWords({ variant, m, n, k }: Shape, scratchBytes: number): Vocabulary {
  return {
    ...BLOCKS,
    ...{ m, n, k, lda: variant === "TN" ? m : k, ldb: variant === "NT" ? k : n },
    a: buffer("signed", 4 * m * k),
    b: buffer("signed", 4 * k * n),
    c: buffer("nothing", 4 * m * n),
    // Weights, or what an optimizer remembers of them.
    weights: buffer("positive", 4 * m * n),
    scratch: buffer("nothing", scratchBytes, 0),
  };
}

/** The operands that `words`, as in "out in n" or "columnsOut in rows columns columns 0", stand for. */
export function operandsOf(words: string, vocabulary: Vocabulary): Operand[] {
  return words.split(" ").map((word) => {
    if (/^\d+$/.test(word)) return Number(word);
    if (!Object.hasOwn(vocabulary, word)) throw new Error(`${word} is no operand`);
    return vocabulary[word];
  });
}

/** Fills the buffer at `address`: the same values on every machine, none of them subnormal. */
export function fill(memory: WebAssembly.Memory, address: number, { fill, bytes, below }: Buffer): void {
  const floats = () => new Float32Array(memory.buffer, address, bytes / 4);
  const integers = () => new Uint32Array(memory.buffer, address, bytes / 4);
  if (fill === "signed") scatter(floats(), (value) => value - 0.5);
  else if (fill === "positive") scatter(floats(), (value) => value + 0.01);
  else if (fill === "ones") floats().fill(1);
  else if (fill === "labels" || fill === "order") shuffle(integers(), below);
  else if (fill === "bytes") shuffle(new Uint8Array(memory.buffer, address, bytes), 256);
  else if (fill === "hyper") writeNumbers(new DataView(memory.buffer, address, bytes));
  else if (fill === "stream") new Float32Array(memory.buffer, address + STREAM.low, 2).set([-1, 1]);
  else new Uint8Array(memory.buffer, address, bytes).fill(0); // so that its pages are there before the clock runs
}

/** A prime: its multiples go through all remainders, far from each other. */
const STRIDE = 7919;

function scatter(into: Float32Array, shape: (value: number) => number): void {
  for (let i = 0, at = 0; i < into.length; i++, at = (at + STRIDE) % 10007) into[i] = shape(at / 10007);
}

function shuffle(into: Uint32Array | Uint8Array, below: number): void {
  const stride = STRIDE % Math.max(below, 1);
  for (let i = 0, at = 0; i < into.length; i++, at += stride, at -= at >= below ? below : 0) into[i] = at;
}

/** Numbers with which thousands of updates change weights by little. */
function writeNumbers(block: DataView): void {
  const f32 = (offset: number, value: number) => block.setFloat32(offset, value, true);
  f32(HYPER.learningRate, 1e-6);
  f32(HYPER.weightDecay, 1e-4);
  f32(HYPER.momentum, 0.9);
  f32(HYPER.beta1, 0.9);
  f32(HYPER.beta2, 0.999);
  f32(HYPER.epsilon, 1e-8);
  f32(HYPER.oneMinusBeta1, 0.1);
  f32(HYPER.oneMinusBeta2, 0.001);
  f32(HYPER.correction1, 1);
  f32(HYPER.correction2, 1);
}
