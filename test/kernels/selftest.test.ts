import test from "ava";
import { EnvironmentError } from "../../src/base/errors.ts";
import type { Kernels } from "../../src/kernels/abi.ts";
import { canRevectorize, type Engine, type Host, thisHost } from "../../src/kernels/engine.ts";
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

/** Multiply-adds of tiles of 1 … rows rows, four to a row. */
const ofTiles = (rows: number): number => (4 * rows * (rows + 1)) / 2;
/** Those of arm64's tile of four rows and four k, whose elements of A lie along a row or along a column. */
const OF_SPLATS = 2 * 4 * 4 * 4;

test("the relaxed binary has every multiply-add of the micro-kernels fused, and the plain one none", (t) => {
  t.true(places(readBinary("relaxed")).length >= ofTiles(6) + OF_SPLATS);
  t.is(places(readBinary("plain")).length, 0);
});

/** Of all multiply-adds, made negative one after the other, those that the self-test notices on `host`. */
function caught(engine: Engine, host: Host): number {
  const memory = createMemory(SELF_TEST_BYTES);
  const twins = instantiateReference("relaxed", memory);
  const bytes = readBinary("relaxed");
  return places(bytes).filter((place) => {
    const wrong = bytes.slice();
    wrong[place + 1] = MADD[1]! + 1; // relaxed_nmadd
    const kernels = instantiateKernels(compileFor(wrong, engine), memory, host);
    return selfTest(kernels, twins, memory) !== undefined;
  }).length;
}

test("the self-test passes, and fails wherever a multiply-add of the micro-kernels goes wrong", (t) => {
  const memory = createMemory(SELF_TEST_BYTES);
  const twins = instantiateReference("relaxed", memory);
  const kernels = instantiateKernels(compileFor(readBinary("relaxed"), best), memory);
  t.is(selfTest(kernels, twins, memory), undefined);
  const found = caught(best, thisHost);
  const rows = best === "relaxed-256" ? 6 : 2;
  t.true(found >= (thisHost.arch === "arm64" ? ofTiles(3) + OF_SPLATS : ofTiles(rows)), `${found} caught`);
});

test("the self-test covers arm64's tile", (t) => {
  const found = caught("relaxed-128", { ...thisHost, arch: "arm64" });
  t.true(found >= ofTiles(3) + OF_SPLATS, `${found} caught`);
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
