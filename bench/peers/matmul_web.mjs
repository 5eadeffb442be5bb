// GFLOP/s of our matrix products beside onnxruntime-web's and tfjs-wasm's, in one process, one thread, in turns.
// The peers are installed somewhere outside of this repository; the folder is the first word:
//
//   mkdir /tmp/web && cd /tmp/web && npm init -y
//   npm install onnxruntime-web @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm @tensorflow/tfjs-backend-cpu
//   npx -c 'node bench/peers/matmul_web.mjs /tmp/web'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { productCase } from "../../build/src/bench/case.js";
import { fill } from "../../build/src/bench/operand.js";
import { PRODUCTS, scratchBytes } from "../../build/src/bench/product-kernels.js";
import { compileKernels, instantiateKernels } from "../../build/src/kernels/load.js";
import { createMemory } from "../../build/src/kernels/memory.js";
import { Arena } from "../../build/src/program/arena.js";
import { describeMachine } from "../machine.mjs";
import { median, spread, table, takeTurns } from "../measure.mjs";

const SIZES = [128, 256, 512, 1024];
const VARIANTS = ["NN", "NT"];
const ROUNDS = 5;
/** A sample has calls for about so long. */
const SAMPLE_MS = 40;

const folder = resolve(process.argv[2] ?? ".");
const require = createRequire(join(folder, "x.js"));
const versionOf = (name) =>
  JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"))).version;

// A one-node ONNX model, MatMul of two n × n matrices, as protobuf: fields of bytes and of integers.
function varint(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}
const field = (number, bytes) => [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
const integer = (number, value) => [...varint(number << 3), ...varint(value)];
const text = (number, words) => field(number, [...Buffer.from(words)]);

function matmulModel(n) {
  const dimension = field(1, integer(1, n));
  const type = field(1, [...integer(1, 1), ...field(2, [...dimension, ...dimension])]);
  const value = (name) => [...text(1, name), ...field(2, type)];
  const node = [...text(1, "A"), ...text(1, "B"), ...text(2, "C"), ...text(4, "MatMul")];
  const values = [...field(11, value("A")), ...field(11, value("B")), ...field(12, value("C"))];
  const graph = [...field(1, node), ...text(2, "g"), ...values];
  return Uint8Array.from([
    ...integer(1, 8),
    ...field(7, graph),
    ...field(8, [...text(1, ""), ...integer(2, 13)]),
  ]);
}

const { module, engine } = compileKernels("auto");

function ours(variant, n) {
  const sizes = { variant, m: n, n, k: n };
  const kernels = instantiateKernels(module, createMemory(0));
  const { kernel, operands } = productCase(
    PRODUCTS[variant],
    sizes,
    scratchBytes(PRODUCTS[variant], sizes, kernels),
  );
  const arena = new Arena();
  const values = operands.map((operand) =>
    typeof operand === "number" ? operand : arena.reserve(operand.bytes),
  );
  const memory = createMemory(arena.endBytes);
  for (const [index, operand] of operands.entries())
    if (typeof operand !== "number") fill(memory, values[index], operand);
  return instantiateKernels(module, memory)[kernel].bind(null, ...values);
}

const ort = require("onnxruntime-web");
ort.env.wasm.numThreads = 1;

async function onnxruntime(variant, n) {
  if (variant !== "NN") return null; // its MatMul has no transposed operand
  const options = { executionProviders: ["wasm"], intraOpNumThreads: 1 };
  const session = await ort.InferenceSession.create(matmulModel(n), options);
  const matrix = () => new ort.Tensor("float32", Float32Array.from({ length: n * n }, Math.random), [n, n]);
  const operands = { A: matrix(), B: matrix() };
  return () => session.run(operands);
}

const tf = require("@tensorflow/tfjs-core");
const wasm = require("@tensorflow/tfjs-backend-wasm");
require("@tensorflow/tfjs-backend-cpu");
wasm.setWasmPaths(`${join(folder, "node_modules/@tensorflow/tfjs-backend-wasm/dist")}/`);
await tf.setBackend("wasm");
await tf.ready();

function tfjs(variant, n) {
  const [a, b] = [tf.randomNormal([n, n]), tf.randomNormal([n, n])];
  return () => tf.matMul(a, b, false, variant === "NT").dispose();
}

/** Resolves to a function that measures: GFLOP/s over as many calls as make a sample. */
async function contestant(call, n) {
  const timed = async (calls) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) await call();
    return (performance.now() - start) / calls;
  };
  await timed(2);
  const calls = Math.max(1, Math.round(SAMPLE_MS / (await timed(2))));
  return async () => (2 * n ** 3) / (await timed(calls)) / 1e6;
}

const rows = [];
for (const variant of VARIANTS)
  for (const n of SIZES) {
    const calls = [ours(variant, n), await onnxruntime(variant, n), tfjs(variant, n)];
    const there = calls.filter((call) => call !== null);
    const contestants = [];
    for (const call of there) contestants.push(await contestant(call, n));
    const rates = await takeTurns(ROUNDS, contestants);
    const [own] = rates;
    const cells = calls.slice(1).flatMap((call) => {
      const theirs = call && rates[there.indexOf(call)];
      if (!theirs) return ["", ""];
      const ratios = own.map((rate, round) => rate / theirs[round]);
      return [median(theirs).toFixed(1), `**${median(ratios).toFixed(1)}** (${spread(ratios, 1)})`];
    });
    rows.push([`${variant} ${n} × ${n} × ${n}`, median(own).toFixed(1), ...cells]);
  }
const versions = ["onnxruntime-web", "@tensorflow/tfjs-backend-wasm"].map(
  (name) => `${name} ${versionOf(name)}`,
);
console.log(`${describeMachine(versions)}\n`);
const columns = ["onnxruntime-web", "times as fast", "tfjs-wasm", "times as fast"];
console.log(table(["GFLOP/s, m × n × k", `Lockstep (${engine})`, ...columns], rows));
process.exit(0);
