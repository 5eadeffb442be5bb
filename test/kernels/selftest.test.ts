import test from "ava";
import { EnvironmentError } from "../../src/base/errors.ts";
import type { Kernels } from "../../src/kernels/abi.ts";
import { canRevectorize, thisHost } from "../../src/kernels/engine.ts";
import {
  compileFor,
  engines,
  instantiateKernels,
  instantiateReference,
  readBinary,
} from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import { checkSubnormals, SELF_TEST_BYTES, selfTest } from "../../src/kernels/selftest.ts";

const best = engines("auto", true, canRevectorize(thisHost))[0]!;
/** f32x4.relaxed_madd as bytes of a binary. */
const MADD = [0xfd, 0x85, 0x02];

function places(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (MADD.every((byte, j) => bytes[i + j] === byte)) found.push(i);
  }
  return found;
}

test("the relaxed binary has every multiply-add of the micro-kernels fused, and the plain one none", (t) => {
  t.true(places(readBinary("relaxed")).length >= 84);
  t.is(places(readBinary("plain")).length, 0);
});

test("the self-test passes, and fails wherever a multiply-add of the micro-kernels goes wrong", (t) => {
  const memory = createMemory(SELF_TEST_BYTES);
  const twins = instantiateReference("relaxed", memory);
  const bytes = readBinary("relaxed");
  t.is(selfTest(instantiateKernels(compileFor(bytes, best), memory), twins, memory), undefined);
  const rows = best === "relaxed-256" ? 6 : thisHost.arch === "arm64" ? 4 : 2;
  let caught = 0;
  for (const place of places(bytes)) {
    const wrong = bytes.slice();
    wrong[place + 1] = MADD[1]! + 1; // relaxed_nmadd
    const kernels = instantiateKernels(compileFor(wrong, best), memory);
    if (selfTest(kernels, twins, memory) !== undefined) caught++;
  }
  t.true(caught >= (4 * rows * (rows + 1)) / 2, `${caught} caught`);
});

test("a thread that flushes subnormals to zero is refused", (t) => {
  t.notThrows(() => checkSubnormals({ keepsSubnormals: () => 1 }));
  const error = t.throws(() => checkSubnormals({ keepsSubnormals: () => 0 }), {
    instanceOf: EnvironmentError,
  });
  t.is(error?.code, "flush-to-zero");
});

test("kernels of the other FMA class fail the self-test", (t) => {
  const memory = createMemory(SELF_TEST_BYTES);
  const plain: Kernels = instantiateKernels(compileFor(readBinary("plain"), "plain-128"), memory);
  t.is(selfTest(plain, instantiateReference("relaxed", memory), memory), "fused");
});
