import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";
import { canRevectorize, thisHost } from "../../src/kernels/engine.ts";

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

ifRevectorizing("V8 makes 256-bit multiply-adds of the loop that shows the machine's peak", async (t) => {
  const functions = (await trace("peak-relaxed")).split("Begin revec function");
  const pairs = functions.map((text) => new Set(text.match(/\[F32x4Qfma\]\(#\d+, #\d+\)/g)).size);
  // 6 and 12 pairs of chains, each twice a round.
  for (const count of [12, 24]) t.true(pairs.includes(count), `${count} pairs, but ${pairs}`);
});

ifRevectorizing("V8's revectorizer compiles the plain binary too", async (t) => {
  t.regex(await trace("plain"), /Decided? to vectorize/);
});
