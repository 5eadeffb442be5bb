import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";
import binaryen from "binaryen";
import { canRevectorize, thisHost } from "../../src/kernels/engine.ts";
import { readBinary } from "../../src/kernels/load.ts";

const run = promisify(execFile);

/** What V8 says of the revectorizer while it compiles a binary. */
async function trace(binary: string): Promise<string> {
  const flags = ["--single-threaded", "--no-liftoff", "--no-wasm-inlining", "--no-wasm-lazy-compilation"];
  if (thisHost.node >= 25) flags.push("--no-wasm-inlining-call-indirect");
  const script = `new WebAssembly.Module(require("node:fs").readFileSync("build/kernels/${binary}.wasm"))`;
  const all = [...flags, "--experimental-wasm-revectorize", "--trace-wasm-revectorize", "-e", script];
  return (await run(process.execPath, all, { maxBuffer: 2 ** 26 })).stdout;
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

ifRevectorizing("V8's revectorizer compiles the plain binary too", async (t) => {
  t.regex(await trace("plain"), /Decided? to vectorize/);
});

test("each row of a tile is loaded and stored as pairs off one pointer, the upper half stored first", (t) => {
  const module = binaryen.readBinary(readBinary("relaxed"));
  const functions = module.emitText().split(/\n(?= \(func )/);
  module.dispose();
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
