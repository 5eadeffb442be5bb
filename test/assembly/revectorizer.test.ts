import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";
import binaryen from "binaryen";
import type { KernelName } from "../../src/kernels/abi.ts";
import { canRevectorize, thisHost } from "../../src/kernels/engine.ts";
import { compileFor, instantiateKernels, readBinary } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";

const run = promisify(execFile);

/** What V8 says of the revectorizer while it compiles a binary. */
async function trace(binary: string): Promise<string> {
  const flags = ["--single-threaded", "--no-liftoff", "--no-wasm-inlining", "--no-wasm-lazy-compilation"];
  if (thisHost.node >= 25) flags.push("--no-wasm-inlining-call-indirect");
  const script = `new WebAssembly.Module(require("node:fs").readFileSync("build/kernels/${binary}.wasm"))`;
  const all = [...flags, "--experimental-wasm-revectorize", "--trace-wasm-revectorize", "-e", script];
  return (await run(process.execPath, all, { maxBuffer: 2 ** 26 })).stdout;
}

/** What V8 says of the functions that the relaxed binary exports, by name; of those that it does not look at, nothing. */
async function tracesByName(): Promise<Map<string, string>> {
  const kernels = instantiateKernels(compileFor(readBinary("relaxed"), "relaxed-128"), createMemory(1));
  const functions = (await trace("relaxed")).split("Begin revec function");
  const byIndex = new Map(functions.map((text) => [/^ wasm-function#(\d+)/.exec(text)?.[1], text]));
  // An exported function's own name is its index in the binary.
  const exported = Object.entries(kernels).map(
    ([key, value]) => [key, byIndex.get(value.name) ?? ""] as const,
  );
  return new Map(exported);
}

const ifRevectorizing = canRevectorize(thisHost) ? test : test.skip;

ifRevectorizing("V8 makes 256-bit multiply-adds of all rows of every micro-kernel", async (t) => {
  const functions = (await trace("relaxed")).split("Begin revec function");
  const fused = functions
    .filter((text) => /Decided? to vectorize/.test(text))
    .map((text) => new Set(text.match(/\[F32x4Qfma\]\(#\d+, #\d+\)/g)).size);
  // The kernels of one and two rows are inlined into the function that chooses among them.
  for (const pairs of [12, 10, 8, 6, 4 + 2]) {
    const at = fused.indexOf(pairs);
    t.true(at >= 0, `no function with ${pairs} pairs of multiply-adds, but ${fused}`);
    fused.splice(at, 1);
  }
});

ifRevectorizing("V8 makes 256-bit multiply-adds of the loop that shows the machine's peak", async (t) => {
  const functions = (await trace("peak-relaxed")).split("Begin revec function");
  const pairs = functions.map((text) => new Set(text.match(/\[F32x4Qfma\]\(#\d+, #\d+\)/g)).size);
  // 6 and 12 pairs of chains, each twice a round.
  for (const count of [12, 24]) t.true(pairs.includes(count), `${count} pairs, but ${pairs}`);
});

const MAPS = ["relu", "sigmoid", "tanh", "gelu", "exp", "log", "scale", "add"] as const;
const GRADIENTS = ["reluGradient", "sigmoidGradient", "tanhGradient", "geluGradient"] as const;
const UPDATES = ["sgd", "momentum", "adam"] as const;
const LOSSES = ["crossEntropy", "crossEntropyGradient", "crossEntropyWithGradient"] as const;
const OTHERS = ["columnSums", "squaredNorms", "gatherBytes"] as const;

ifRevectorizing("V8 makes 256-bit vectors of every map, gradient, update and loss", async (t) => {
  const traces = await tracesByName();
  for (const name of [...MAPS, ...GRADIENTS, ...UPDATES, ...LOSSES, ...OTHERS] satisfies KernelName[]) {
    t.regex(traces.get(name) ?? "", /Decided? to vectorize/, name);
  }
});

ifRevectorizing("V8 makes 256-bit additions of all chains of the column sums", async (t) => {
  const pairs = (await tracesByName()).get("columnSums")?.match(/\[F32x4Add\]\(#\d+, #\d+\)/g);
  t.is(new Set(pairs).size, 8 + 2, "eight pairs of the block of 64, two of the block of 16");
});

ifRevectorizing("V8's revectorizer compiles the plain binary too", async (t) => {
  t.regex(await trace("plain"), /Decided? to vectorize/);
});

test("each row of a tile is loaded and stored as pairs off one pointer, the upper half stored first", (t) => {
  const module = binaryen.readBinary(readBinary("relaxed"));
  const text = module.emitText();
  module.dispose();
  // The micro-kernels are not exported; other kernels of multiply-adds have shapes of their own.
  const exported = new Set([...text.matchAll(/\(export "\w+" \(func (\$\S+)\)\)/g)].map(([, name]) => name));
  const functions = text
    .split(/\n(?= \(func )/)
    .filter((part) => !exported.has(/\(func (\$\S+)/.exec(part)?.[1] ?? ""));
  const kernels = functions.filter(
    (text) => text.includes("f32x4.relaxed_madd") && text.includes("v128.store offset=48"),
  );
  const stores = kernels.flatMap((text) => text.match(/v128\.store(?: offset=\d+)?/g) ?? []);
  // Rows of the tiles of 1 … 6 rows, and of arm64's two kernels of four.
  t.true(stores.length >= 4 * (21 + 8), `${stores.length} stores`);
  for (let i = 0; i < stores.length; i += 4) {
    const row = [" offset=16", "", " offset=48", " offset=32"].map((offset) => `v128.store${offset}`);
    t.deepEqual(stores.slice(i, i + 4), row);
  }
});
