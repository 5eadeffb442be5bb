import { readFileSync } from "node:fs";
import test from "ava";
import { InputError } from "../../src/base/errors.ts";
import { filterCases, productCase, vectorCase } from "../../src/bench/case.ts";
import { checkMemoryNeed, kernelCases } from "../../src/bench/kernel-bench.ts";
import { operandsOf, vectorWords } from "../../src/bench/operand.ts";
import { fusedProducts, PRODUCTS } from "../../src/bench/product-kernels.ts";
import { SHAPE_SETS } from "../../src/bench/shapes.ts";
import { VECTOR_KERNELS } from "../../src/bench/vector-kernels.ts";
import type { KernelName } from "../../src/kernels/abi.ts";
import { compileKernels, instantiateKernels } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";

const compiled = compileKernels("auto");
const kernels = instantiateKernels(compiled.module, createMemory(1));
const all = kernelCases(compiled, null, null);
const names = (filter: string) => filterCases(all, filter).map(({ name }) => name);

/** Probes, and kernels that do a handful of operations a step. */
const NOT_MEASURED = [
  ...["fused", "keepsSubnormals", "gemmScratchBytes", "clipFactor", "updateScratchBytes", "adamAdvance"],
];

test("every kernel of the interface is measured but probes and the tiniest", (t) => {
  const text = readFileSync("src/kernels/abi.ts", "utf8");
  const body = text.slice(text.indexOf("export interface Kernels {"), text.indexOf("export type KernelName"));
  const declared = [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name);
  const measured = new Set<string>(all.map(({ kernel }) => kernel));
  t.deepEqual(
    declared.filter((name) => !measured.has(name)),
    NOT_MEASURED,
  );
});

test("every case gives its kernel as many arguments as it has", (t) => {
  for (const { kernel, operands, name } of all)
    t.is((kernels[kernel] as (...values: number[]) => void).length, operands.length, name);
});

test("no line of the table has a word that is no operand", (t) => {
  t.throws(() => operandsOf("out inn n", vectorWords({ rows: 1, columns: 1 })), {
    message: "inn is no operand",
  });
});

const ofKernel = (wanted: KernelName) => VECTOR_KERNELS.find(({ kernel }) => kernel === wanted)!;

test("work is the bytes that a call reads and writes", (t) => {
  const bytes = (kernel: KernelName) => vectorCase(ofKernel(kernel), 1024).work;
  t.is(bytes("relu"), 8 * 1024);
  t.is(bytes("add"), 12 * 1024);
  t.is(bytes("scale"), 8 * 1024);
  t.is(bytes("adam"), 28 * 1024);
  t.is(bytes("uniform"), 4 * 1024);
  t.is(bytes("columnSums"), 4 * 1024 + 4 * 512);
  t.is(bytes("gatherBytes"), 4 * 1024 + 1024 + 4 * 2);
  // 102 rows of 10 classes: logits, their gradient, losses, correctness, labels.
  t.is(bytes("crossEntropyWithGradient"), 2 * 4 * 1020 + 3 * 4 * 102);
});

test("the work of a product is a multiplication and an addition for each m, n and k", (t) => {
  t.is(productCase(PRODUCTS.TN, { variant: "TN", m: 3, n: 5, k: 7 }, 0).work, 210);
  t.is(productCase(PRODUCTS.NN, { variant: "NN", m: 0, n: 5, k: 7 }, 0).work, 0);
});

test("leading dimensions are those of the operands as they are stored", (t) => {
  const strides = (variant: "NN" | "NT" | "TN") =>
    productCase(PRODUCTS[variant], { variant, m: 3, n: 5, k: 7 }, 0).operands.slice(7, 10);
  t.deepEqual(
    [strides("NN"), strides("NT"), strides("TN")],
    [
      [5, 7, 5],
      [5, 7, 7],
      [5, 3, 5],
    ],
  );
});

test("without shapes all sets and all other kernels are measured, with shapes these alone", (t) => {
  const products = Object.values(SHAPE_SETS).flat().length;
  t.is(all.length, products + fusedProducts().length + 2 * VECTOR_KERNELS.length);
  t.is(kernelCases(compiled, SHAPE_SETS.mlp, null).length, SHAPE_SETS.mlp.length);
});

test("a filter is a part of a name, however it is written, or several", (t) => {
  t.deepEqual(names("Adam 1, adam 4"), ["adam 16384", "adam 4194304"]);
  t.is(names("gemm").length, 30);
  t.deepEqual(names("gemmTNAdam"), ["gemmTNAdam 784×128×32", "gemmTNAdam 2048×2048×256"]);
  t.is(names("gemm nt").length, 7);
  t.is(names("gemmNT").length, 7);
  t.deepEqual(names("NN 64x64x64"), ["gemm NN 64×64×64"]);
  t.deepEqual(names("NN 64×64×64"), ["gemm NN 64×64×64"]);
  t.deepEqual(names("sgd 1,sgd 4,momentum 1,momentum 4"), [
    "sgd 16384",
    "sgd 4194304",
    "momentum 16384",
    "momentum 4194304",
  ]);
});

for (const filter of ["nothing", "", " , "]) {
  test(`the filter "${filter}" matches nothing, and is told what there is`, (t) => {
    const error = t.throws(() => names(filter), { instanceOf: InputError });
    t.is(error?.code, "no-match");
    t.regex(error?.fix ?? "", /gemmNN, .*adam/);
  });
}

test("sizes whose operands 32 bits do not reach are refused with the number", (t) => {
  const large = kernelCases(compiled, [{ variant: "NN", m: 100_000, n: 100_000, k: 100_000 }], null);
  const error = t.throws(() => checkMemoryNeed(large, 1), { instanceOf: InputError });
  t.is(error?.code, "too-much-memory");
  t.regex(error?.message ?? "", /gemm NN 100000×100000×100000 needs 12\d{10} bytes \(111\.8 GiB\)/);
});

test("threads whose memories together are not there are refused, fewer are not", (t) => {
  const bytes = checkMemoryNeed(all, 1, 2 ** 30);
  t.notThrows(() => checkMemoryNeed(all, 2, 2 * bytes));
  const error = t.throws(() => checkMemoryNeed(all, 3, 2 * bytes), { instanceOf: InputError });
  t.regex(error?.message ?? "", /on each of 3 threads/);
});
