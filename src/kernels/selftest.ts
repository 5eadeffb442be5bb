/** The start-up self-test: the hot kernels against their slow twins, since an experimental engine flag needs a guard. */
import { EnvironmentError } from "../base/errors.ts";
import { ACTIVATION, type Kernels } from "./abi.ts";

/** Bytes of memory that the self-test overwrites: its operands and the scratch of the longest sum. */
export const SELF_TEST_BYTES = 262144;

/**
 * m, n, k, and the distance between rows of an operand that has k of them: a full tile and every shorter one, with whole and
 * cut panels; k crosses the packing's steps of four. Rows far apart are packed, near ones are read where they stand, and the
 * last shape is computed column by column (assembly/gemm/choose.ts).
 */
const SHAPES = [
  [6, 16, 9, 0],
  [9, 21, 4, 1024],
  [7, 35, 17, 0],
  [2, 19, 5, 1024],
  [3, 16, 6, 1024],
  [1, 10, 130, 0],
  [31, 7, 100, 0],
] as const;
/** Where the operands stand, in bytes; the scratch comes last. */
const [A, B, BIAS, C, TWIN, SCRATCH] = [64, 40960, 81920, 83968, 87040, 90112];

/** Fills `floats` with numbers of both signs and of magnitudes from 2⁻²⁰ to 4, the same on every machine. */
function fill(floats: Float32Array): void {
  let state = 1;
  for (let i = 0; i < floats.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    floats[i] = (state / 2 ** 31 - 1) * (i % 5 === 0 ? 2 ** -20 : 4);
  }
}

type Gemm = "gemmNN" | "gemmNT" | "gemmTN";

function gemmAgrees(
  kernels: Kernels,
  twins: Kernels,
  bytes: Buffer,
  gemm: Gemm,
  activation: number,
): boolean {
  return SHAPES.every(([m, n, k, apart]) => {
    const lda = gemm === "gemmTN" ? Math.max(m, apart) : k;
    const ldb = gemm === "gemmNT" ? k : Math.max(n, apart);
    kernels[gemm](C, A, B, BIAS, m, n, k, n, lda, ldb, 0, activation, SCRATCH);
    kernels[gemm](C, A, B, 0, m, n, k, n, lda, ldb, 1, ACTIVATION.none, SCRATCH);
    twins[gemm](TWIN, A, B, BIAS, m, n, k, n, lda, ldb, 0, activation, SCRATCH);
    twins[gemm](TWIN, A, B, 0, m, n, k, n, lda, ldb, 1, ACTIVATION.none, SCRATCH);
    return bytes.subarray(C, C + 4 * m * n).equals(bytes.subarray(TWIN, TWIN + 4 * m * n));
  });
}

/** The first kernel that differs from its twin (both over `memory`, which it overwrites) or traps, or undefined. */
export function selfTest(kernels: Kernels, twins: Kernels, memory: WebAssembly.Memory): string | undefined {
  if (kernels.fused() !== twins.fused()) return "fused";
  fill(new Float32Array(memory.buffer, 0, SELF_TEST_BYTES / 4));
  const bytes = Buffer.from(memory.buffer);
  const gemms = (["gemmNN", "gemmNT", "gemmTN"] as const).map((gemm) => [gemm, "none"] as const);
  const epilogues = Object.keys(ACTIVATION).map(
    (name) => ["gemmNN", name as keyof typeof ACTIVATION] as const,
  );
  for (const [gemm, activation] of [...gemms, ...epilogues]) {
    try {
      if (gemmAgrees(kernels, twins, bytes, gemm, ACTIVATION[activation])) continue;
    } catch (trap) {
      return `${gemm}: ${trap}`;
    }
    return `${gemm}, activation ${activation}`;
  }
  return undefined;
}

/** Every thread calls this once all addons are loaded: throws EnvironmentError `flush-to-zero` (NUMERICS §2.15). */
export function checkSubnormals(kernels: Pick<Kernels, "keepsSubnormals">): void {
  if (kernels.keepsSubnormals() === 1) return;
  throw new EnvironmentError(
    "flush-to-zero",
    "this thread rounds subnormal numbers to zero, so its results would have other bits",
    "do not load native addons or libraries that were built with -ffast-math (LD_PRELOAD, NODE_OPTIONS=--require)",
  );
}
