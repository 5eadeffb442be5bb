import { existsSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { writeAtomically, writeFully } from "../../src/base/atomic-file.ts";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import { temporaryFolder } from "../temporary-folder.ts";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something, write`), { code });
}

test("the new contents appear at once, from shared memory too", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "file");
  writeFileSync(path, "old");
  const bytes = new Uint8Array(new SharedArrayBuffer(4));
  bytes.set(Buffer.from("newer").subarray(0, 4));
  writeAtomically(path, (descriptor) => {
    writeFully(descriptor, bytes.subarray(0, 3));
    t.is(readFileSync(path, "utf8"), "old");
  });
  t.is(readFileSync(path, "utf8"), "new");
  t.deepEqual(readdirSync(folder), ["file"]);
});

test("when filling fails half-way, the old contents stay and nothing is left beside them", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "file");
  writeFileSync(path, "old");
  const full = t.throws(
    () =>
      writeAtomically(path, (descriptor) => {
        writeSync(descriptor, "half of the ");
        throw systemError("ENOSPC");
      }),
    { instanceOf: EnvironmentError },
  );
  t.is(full.code, "disk-full");
  t.is(full.message, `cannot write ${path}: the disk is full (ENOSPC)`);
  t.is(readFileSync(path, "utf8"), "old");
  t.deepEqual(readdirSync(folder), ["file"]);
});

test("an error with a fix of its own passes as it is", (t) => {
  const path = join(temporaryFolder(t), "file");
  const own = new InputError("own", "message", "fix");
  const thrown = t.throws(() =>
    writeAtomically(path, () => {
      throw own;
    }),
  );
  t.is(thrown, own);
  t.false(existsSync(path));
});

test("a full device is a full disk", (t) => {
  const path = join(temporaryFolder(t), "file");
  if (!existsSync("/dev/full")) return t.pass();
  const error = t.throws(() => writeAtomically(path, () => writeFileSync("/dev/full", "x")));
  t.like(error, { code: "disk-full", exitCode: 1 });
});
