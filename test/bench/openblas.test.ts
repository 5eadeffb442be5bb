import test from "ava";
import { type ForeignFunctions, loadOpenBlas } from "../../src/bench/openblas.ts";
import { VARIANTS } from "../../src/bench/shapes.ts";
import { compileKernels, instantiateKernels } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";

test("without koffi the peer is missing, and the fix is to install it", async (t) => {
  const found = await loadOpenBlas(() => Promise.reject(new Error("Cannot find package 'koffi'")));
  t.deepEqual(found, {
    missing: "the package koffi, which calls it, is not installed",
    fix: "npm install koffi@3",
  });
});

test("without the library the peer is missing, and the library is named", async (t) => {
  const foreign = {
    load: () => {
      throw new Error("cannot open shared object file");
    },
    address: () => 0n,
  } satisfies ForeignFunctions;
  const found = await loadOpenBlas(() => Promise.resolve(foreign), ["libnone.so.0", "libnone.so"]);
  t.like(found, { missing: "there is no libnone.so.0" });
});

test("a library of another name is found, and says what it is", async (t) => {
  const answers: Record<string, unknown> = {
    openblas_get_config: "OpenBLAS 0.3.21 DYNAMIC_ARCH",
    openblas_get_corename: "Zen",
  };
  const loaded: string[] = [];
  const foreign: ForeignFunctions = {
    load: (path) => {
      loaded.push(path);
      if (path === "first") throw new Error("no");
      return {
        func: (prototype) => () => answers[/(\w+)\(/.exec(prototype)?.[1] ?? ""],
      };
    },
    address: () => 0n,
  };
  const found = await loadOpenBlas(() => Promise.resolve(foreign), ["first", "second"]);
  t.like(found, { name: "OpenBLAS", version: "0.3.21", core: "Zen" });
  t.deepEqual(loaded, ["first", "second"]);
});

test("where it is installed it computes our products from our operands", async (t) => {
  const peer = await loadOpenBlas();
  if (!("sgemm" in peer)) return t.pass(peer.missing);
  const memory = createMemory(2 ** 17);
  const kernels = instantiateKernels(compileKernels("auto").module, memory);
  const [a, b, ours, theirs, scratch] = [1024, 4096, 8192, 12288, 16384];
  const floats = (address: number, count: number) => new Float32Array(memory.buffer, address, count);
  const [m, n, k] = [5, 7, 11];
  floats(a, m * k).forEach((_, i, all) => {
    all[i] = (i % 7) - 3;
  });
  floats(b, k * n).forEach((_, i, all) => {
    all[i] = (i % 5) - 2;
  });
  for (const variant of VARIANTS) {
    const [lda, ldb] = [variant === "TN" ? m : k, variant === "NT" ? k : n];
    kernels[`gemm${variant}`](ours, a, b, 0, m, n, k, n, lda, ldb, 0, 0, scratch);
    peer.sgemm(memory, theirs, a, b, { variant, m, n, k })();
    // Small integers: every order of sums is exact.
    t.deepEqual([...floats(theirs, m * n)], [...floats(ours, m * n)], variant);
  }
});
