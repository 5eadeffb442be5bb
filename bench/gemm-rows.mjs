// GFLOP/s of our matrix products, a line of JSON for each shape given as VARIANT,M,N,K: what bench/gemm.mjs compares.
import { compileKernels, instantiateKernels } from "../build/src/kernels/load.js";
import { createMemory } from "../build/src/kernels/memory.js";

const ROUNDS = 5;
/** Calls are repeated until a round has about so many. */
const FLOP_A_ROUND = 1e9;
/** Address 0 is no operand's, and operands begin at cache lines. */
const FIRST_ADDRESS = 1024;
const LINE_BYTES = 64;

const { module, engine } = compileKernels("auto");
const scratchBytes = (m, n, k) => instantiateKernels(module, createMemory(0)).gemmScratchBytes(m, n, k);

/** Memory with C, A, B and scratch in it, A and B filled with values of a short period. */
function makeOperands(m, n, k) {
  let end = FIRST_ADDRESS;
  const reserve = (bytes) => {
    const address = end;
    end += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
    return address;
  };
  const [c, a, b] = [m * n, m * k, k * n].map((count) => reserve(4 * count));
  const scratch = reserve(scratchBytes(m, n, k));
  const memory = createMemory(end);
  new Float32Array(memory.buffer, a, m * k).forEach((_, i, all) => {
    all[i] = (i % 13) * 0.1 - 0.4;
  });
  new Float32Array(memory.buffer, b, k * n).forEach((_, i, all) => {
    all[i] = (i % 7) * 0.1 - 0.4;
  });
  return { memory, a, b, c, scratch };
}

/** The best of ROUNDS rounds; the first, which warms up, does not count. */
function measure(variant, m, n, k) {
  const { memory, a, b, c, scratch } = makeOperands(m, n, k);
  const kernel = instantiateKernels(module, memory)[`gemm${variant}`];
  const lda = variant[0] === "T" ? m : k;
  const ldb = variant[1] === "T" ? k : n;
  const flop = 2 * m * n * k;
  const calls = Math.max(1, Math.floor(FLOP_A_ROUND / flop));
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    for (let call = 0; call < calls; call++) kernel(c, a, b, 0, m, n, k, n, lda, ldb, 0, 0, scratch);
    const tookMs = (performance.now() - start) / calls;
    if (round > 0) bestMs = Math.min(bestMs, tookMs);
  }
  return flop / bestMs / 1e6;
}

for (const shape of process.argv.slice(2)) {
  const [variant, ...sizes] = shape.split(",");
  const [m, n, k] = sizes.map(Number);
  console.log(JSON.stringify({ variant, m, n, k, gflops: measure(variant, m, n, k), engine }));
}
