/** OpenBLAS's sgemm on one thread, called by koffi on the very operands that our kernels have, if both are installed. */
import type { Shape } from "./shapes.ts";

/** As much of koffi as is used; it is an optional dependency, so its own types may not be here. */
export interface ForeignFunctions {
  load(path: string): ForeignLibrary;
  address(buffer: Uint8Array): bigint;
}

interface ForeignLibrary {
  func(prototype: string): (...values: unknown[]) => unknown;
}

export interface OpenBlas {
  readonly name: "OpenBLAS";
  readonly version: string;
  /** Whose kernels it chose for this processor: "Haswell", "SkylakeX". */
  readonly core: string;
  /** What computes C = A · B of these sizes; the operands stand at byte addresses of `memory`. */
  sgemm(memory: WebAssembly.Memory, c: number, a: number, b: number, shape: Shape): () => void;
}

/** Why there is no peer, and what would bring it. */
export interface MissingPeer {
  readonly missing: string;
  readonly fix: string;
}

const LIBRARIES = ["libopenblas.so.0", "libopenblas.so", "libopenblas.0.dylib", "libopenblas.dll"];
const PROTOTYPE =
  "void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, uintptr_t a, int lda, " +
  "uintptr_t b, int ldb, float beta, uintptr_t c, int ldc)";
/** Of cblas.h. */
const [ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE] = [101, 111, 112];

async function importKoffi(): Promise<ForeignFunctions> {
  const name: string = "koffi";
  return ((await import(name)) as { default: ForeignFunctions }).default;
}

/** Tests give other ways to import, and other libraries. */
export async function loadOpenBlas(
  importForeign: () => Promise<ForeignFunctions> = importKoffi,
  libraries: readonly string[] = LIBRARIES,
): Promise<OpenBlas | MissingPeer> {
  let foreign: ForeignFunctions;
  try {
    foreign = await importForeign();
  } catch {
    return { missing: "the package koffi, which calls it, is not installed", fix: "npm install koffi@3" };
  }
  for (const path of libraries) {
    try {
      return describe(foreign, foreign.load(path));
    } catch {
      // Another name may be there.
    }
  }
  return {
    missing: `there is no ${libraries[0]}`,
    fix: "apt-get install libopenblas0-pthread, or your system's OpenBLAS",
  };
}

function describe(foreign: ForeignFunctions, library: ForeignLibrary): OpenBlas {
  const sgemm = library.func(PROTOTYPE);
  const config = String(library.func("const char *openblas_get_config()")());
  library.func("void openblas_set_num_threads(int threads)")(1);
  return {
    name: "OpenBLAS",
    version: /\d+(\.\d+)+/.exec(config)?.[0] ?? config,
    core: String(library.func("const char *openblas_get_corename()")()),
    sgemm: (memory, c, a, b, { variant, m, n, k }) => {
      const base = Number(foreign.address(new Uint8Array(memory.buffer)));
      const [ta, tb] = [...variant].map((letter) => (letter === "T" ? TRANSPOSE : NO_TRANSPOSE));
      const lda = Math.max(1, variant === "TN" ? m : k);
      const ldb = Math.max(1, variant === "NT" ? k : n);
      const sizes = [m, n, k, 1, base + a, lda, base + b, ldb, 0, base + c, Math.max(1, n)];
      return sgemm.bind(null, ROW_MAJOR, ta, tb, ...sizes) as () => void;
    },
  };
}
