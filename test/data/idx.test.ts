import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { InputError } from "../../src/base/errors.ts";
import { openIdx, parseIdxHeader } from "../../src/data/idx.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { idxBytes } from "./tiny-idx.ts";

function fileOf(t: ExecutionContext, bytes: Uint8Array, name = "file"): string {
  const path = join(temporaryFolder(t), name);
  writeFileSync(path, bytes);
  return path;
}

function refused(t: ExecutionContext, act: () => unknown, code: string, message: RegExp): void {
  const error = t.throws(act, { instanceOf: InputError });
  t.is(error.code, code);
  t.regex(error.message, message);
  t.true(error.fix.length > 5);
}

test("reads plain images straight into shared memory", (t) => {
  const file = openIdx(fileOf(t, idxBytes([4, 3, 2])), 3);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const into = new Uint8Array(memory.buffer, 100, file.bytes);
  file.read(into);
  t.deepEqual(file.dimensions, [4, 3, 2]);
  t.deepEqual([...into], [...Array(24).keys()]);
  t.is(new Uint8Array(memory.buffer)[99], 0);
  t.is(new Uint8Array(memory.buffer)[124], 0);
});

test("a gzipped file is known by its name or by its first bytes, and reads the same", (t) => {
  const elements = Uint8Array.from({ length: 40_000 }, (_, i) => (i * i) >> 3);
  const zipped = gzipSync(idxBytes([100, 20, 20], elements));
  for (const name of ["images.gz", "images"]) {
    const file = openIdx(fileOf(t, zipped, name), 3);
    const into = new Uint8Array(new SharedArrayBuffer(file.bytes));
    file.read(into);
    t.deepEqual([...into], [...elements]);
  }
});

test("a gzipped header is found behind a long file name and comment", (t) => {
  const plain = gzipSync(idxBytes([3]));
  const named = Buffer.concat([plain.subarray(0, 3), Buffer.of(8), plain.subarray(4, 10)]);
  const longName = Buffer.alloc(9000, "n");
  const file = openIdx(fileOf(t, Buffer.concat([named, longName, Buffer.of(0), plain.subarray(10)])), 1);
  t.deepEqual(file.dimensions, [3]);
});

test("a wrong magic number, element type or rank is named with what was expected", (t) => {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
  refused(
    t,
    () => openIdx(fileOf(t, png), 3),
    "idx-magic",
    /file .*starts with 89 50 4e 47, expected 00 00 08 03/,
  );
  const floats = idxBytes([2], new Uint8Array(8), 0x0d);
  refused(t, () => openIdx(fileOf(t, floats), 1), "idx-element-type", /0d \(32-bit float\), expected 08/);
  refused(t, () => openIdx(fileOf(t, idxBytes([5])), 3), "idx-rank", /1 dimensions, expected 3 \(images/);
  refused(
    t,
    () => openIdx(fileOf(t, idxBytes([5, 1, 1])), 1),
    "idx-rank",
    /3 dimensions, expected 1 \(labels/,
  );
});

test("a file shorter or longer than its header says is refused at opening", (t) => {
  const sound = idxBytes([4, 3, 2]);
  refused(
    t,
    () => openIdx(fileOf(t, sound.subarray(0, 39)), 3),
    "idx-truncated",
    /it is 39 bytes.*4 × 3 × 2.*40 bytes/,
  );
  refused(
    t,
    () => openIdx(fileOf(t, Buffer.concat([sound, Buffer.of(7)])), 3),
    "idx-too-long",
    /41 bytes.*40 bytes/,
  );
  refused(
    t,
    () => openIdx(fileOf(t, sound.subarray(0, 15)), 3),
    "idx-truncated",
    /after 15 bytes, inside its header of 16/,
  );
  refused(t, () => openIdx(fileOf(t, sound.subarray(0, 2)), 3), "idx-truncated", /after 2 bytes/);
  refused(t, () => openIdx(fileOf(t, new Uint8Array(0)), 3), "idx-empty", /is empty/);
});

test("a file that shrinks after it was opened is refused when it is read", (t) => {
  const path = fileOf(t, idxBytes([4, 3, 2]));
  const file = openIdx(path, 3);
  writeFileSync(path, idxBytes([4, 3, 2]).subarray(0, 30));
  refused(t, () => file.read(new Uint8Array(24)), "idx-truncated", /cut off/);
});

test("gzipped contents shorter or longer than their header says are refused when read", (t) => {
  const sound = Buffer.from(idxBytes([4, 3, 2]));
  const short = openIdx(fileOf(t, gzipSync(sound.subarray(0, 39))), 3);
  refused(t, () => short.read(new Uint8Array(24)), "idx-truncated", /contents are shorter.*40 bytes/);
  const long = openIdx(fileOf(t, gzipSync(Buffer.concat([sound, Buffer.of(7)]))), 3);
  refused(t, () => long.read(new Uint8Array(24)), "idx-too-long", /contents are longer.*40 bytes/);
  refused(t, () => openIdx(fileOf(t, gzipSync(Buffer.alloc(0))), 3), "idx-empty", /is empty/);
});

test("a truncated, corrupt or falsely named .gz is refused", (t) => {
  const elements = createHash("shake256", { outputLength: 60_000 }).digest(); // nothing to compress
  const zipped = gzipSync(idxBytes([60_000], elements));
  const into = new Uint8Array(60_000);
  const cut = openIdx(fileOf(t, zipped.subarray(0, zipped.length - 5000)), 1);
  refused(t, () => cut.read(into), "gzip-truncated", /cut off: its gzip stream has no end/);
  const flipped = Buffer.from(zipped);
  flipped[flipped.length - 6] ^= 1; // in the CRC of the contents
  const corrupt = openIdx(fileOf(t, flipped), 1);
  refused(t, () => corrupt.read(into), "gzip-corrupt", /corrupt.*incorrect data check/);
  refused(t, () => openIdx(fileOf(t, zipped.subarray(0, 4)), 1), "gzip-truncated", /no end/);
  refused(
    t,
    () => openIdx(fileOf(t, idxBytes([3]), "a.gz"), 1),
    "not-gzip",
    /named \.gz, but it starts with 00 00/,
  );
  refused(
    t,
    () => openIdx(fileOf(t, new Uint8Array(0), "a.gz"), 1),
    "not-gzip",
    /named \.gz, but it is empty/,
  );
});

test("no samples, and sizes that could never be held, are refused before anything is allocated", (t) => {
  refused(t, () => openIdx(fileOf(t, idxBytes([0, 28, 28])), 3), "idx-no-elements", /0 × 28 × 28/);
  refused(t, () => openIdx(fileOf(t, idxBytes([5, 0, 28])), 3), "idx-no-elements", /5 × 0 × 28/);
  const huge = idxBytes([0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array(6));
  refused(t, () => openIdx(fileOf(t, huge), 3), "idx-too-large", /4294967295 × 4294967295 × 4294967295/);
  const wrapped = idxBytes([65536, 65536, 1], new Uint8Array(0)); // 2^32, which is 0 in 32 bits
  refused(t, () => openIdx(fileOf(t, wrapped), 3), "idx-too-large", /4294967296 bytes/);
  const claimed = gzipSync(idxBytes([4_000_000_000], new Uint8Array(10)));
  refused(t, () => openIdx(fileOf(t, claimed), 1), "idx-truncated", /4000000000/);
});

test("a missing file or a folder in its place is named", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "inner"));
  refused(
    t,
    () => openIdx(join(folder, "absent"), 3),
    "cannot-read",
    /cannot read .*absent: it does not exist/,
  );
  refused(t, () => openIdx(join(folder, "inner"), 3), "not-a-file", /inner is not a regular file/);
});

test("no header, however broken, gives anything but dimensions within bounds or an InputError", (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 20 }), fc.boolean(), (bytes, plausible) => {
    if (plausible) bytes.set([0, 0, 8, 3].slice(0, bytes.length));
    try {
      const dimensions = parseIdxHeader(bytes, "x", 3);
      return dimensions.length === 3 && dimensions.reduce((all, one) => all * one, 1) < 2 ** 32;
    } catch (thrown) {
      return thrown instanceof InputError;
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
});
