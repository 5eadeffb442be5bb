import test from "ava";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import { createMemory, growMemory, MEMORY_LIMIT_BYTES } from "../../src/kernels/memory.ts";

test("memory is shared, of whole pages, and cannot grow", (t) => {
  const memory = createMemory(65537);
  t.true(memory.buffer instanceof SharedArrayBuffer);
  t.is(memory.buffer.byteLength, 131072);
  t.throws(() => memory.grow(1), { instanceOf: RangeError });
  t.is(createMemory(0).buffer.byteLength, 65536);
});

test("memory that may grow does so in place: what was seen of it stays the same bytes", (t) => {
  const memory = createMemory(65536, true);
  const before = new Uint8Array(memory.buffer);
  growMemory(memory, 65536);
  t.is(memory.buffer.byteLength, 65536);
  growMemory(memory, 200_000);
  t.is(memory.buffer.byteLength, 4 * 65536);
  new Uint8Array(memory.buffer)[5] = 7;
  t.is(before[5], 7);
  growMemory(memory, 1);
  t.is(memory.buffer.byteLength, 4 * 65536);
  const error = t.throws(() => growMemory(createMemory(1), 65537), { instanceOf: EnvironmentError });
  t.is(error?.code, "memory-unavailable");
});

test("more than 4 GiB, a negative or an unknown size is refused with what was asked for", (t) => {
  for (const bytes of [MEMORY_LIMIT_BYTES + 1, -1, Number.NaN, 4e15]) {
    const error = t.throws(() => createMemory(bytes), { instanceOf: InputError });
    t.is(error?.code, "memory-limit");
    t.true(error?.message.includes("GiB"));
  }
});

test.serial("a system that gives no memory is an error that names the size", (t) => {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class {
    constructor() {
      throw new RangeError("could not allocate memory");
    }
  } as unknown as typeof Memory;
  t.teardown(() => {
    WebAssembly.Memory = Memory;
  });
  const error = t.throws(() => createMemory(2 ** 30), { instanceOf: EnvironmentError });
  t.is(error?.code, "memory-unavailable");
  t.true(error?.message.includes("1.00 GiB"));
});
