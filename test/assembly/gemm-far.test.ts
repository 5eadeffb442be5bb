import test from "ava";
import { compileFor, instantiateKernels, instantiateReference, readBinary } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import { VARIANTS } from "./gemm-case.ts";
import { numbers } from "./twins.ts";

const GIB = 2 ** 30;
/** All that a 32-bit address reaches; the system hands out the few pages that are touched. */
const memory = createMemory(4 * GIB);
const kernels = instantiateKernels(compileFor(readBinary("plain"), "plain-128"), memory);
const reference = instantiateReference("plain", memory);

const floatsAt = (address: number, count: number): Float32Array =>
  new Float32Array(memory.buffer, address, count);

/** Rows × columns of numbers at `address`, `ld` floats between rows. */
function fill(address: number, rows: number, columns: number, ld: number, seed: number): void {
  const next = numbers(seed);
  for (let i = 0; i < rows; i++) {
    const row = floatsAt(address + 4 * i * ld, columns);
    for (let j = 0; j < columns; j++) row[j] = next();
  }
}

function bytesOf(address: number, rows: number, columns: number, ld: number): Buffer {
  const row = (i: number): Buffer => Buffer.from(memory.buffer, address + 4 * i * ld, 4 * columns);
  return Buffer.concat(Array.from({ length: rows }, (_, i) => row(i)));
}

test("addresses and strides are unsigned: rows may be a GiB apart, and end with the memory's last byte", (t) => {
  const [m, n, k, ld] = [3, 19, 3, GIB / 4];
  /** Each matrix has a row in each of the upper three GiB; C's last row ends where the memory does. */
  const [a, b, twin, c] = [GIB + 64, GIB + 4096, GIB + 8192, 2 * GIB - 4 * n];
  const scratch = GIB / 2;
  for (const [seed, variant] of VARIANTS.entries()) {
    fill(a, 3, 3, ld, seed);
    const [bRows, bColumns] = variant === "gemmNT" ? [n, k] : [k, n];
    const ldb = variant === "gemmNT" ? k : ld;
    fill(b, bRows, bColumns, ldb, seed + 10);
    kernels[variant](c, a, b, 0, m, n, k, ld, ld, ldb, 0, 0, scratch);
    kernels[variant](c, a, b, 0, m, n, k, ld, ld, ldb, 1, 0, scratch);
    reference[variant](twin, a, b, 0, m, n, k, ld, ld, ldb, 0, 0, scratch);
    reference[variant](twin, a, b, 0, m, n, k, ld, ld, ldb, 1, 0, scratch);
    t.deepEqual(bytesOf(c, m, n, ld), bytesOf(twin, m, n, ld), variant);
  }
});

test("a product that is computed column by column reaches the memory's last byte too", (t) => {
  const [m, n, k] = [16, 13, 100];
  const bytes = 4 * m * n;
  const [a, b, twin, c, scratch] = [2 * GIB - 2048, 3 * GIB, 3 * GIB + 65536, 4 * GIB - bytes, GIB];
  fill(a, m, k, k, 1);
  fill(b, n, k, k, 2);
  kernels.gemmNT(c, a, b, 0, m, n, k, n, k, k, 0, 0, scratch);
  reference.gemmNT(twin, a, b, 0, m, n, k, n, k, k, 0, 0, scratch);
  t.deepEqual(bytesOf(c, 1, m * n, 0), bytesOf(twin, 1, m * n, 0));
});
