import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import { readSafetensors } from "../../src/checkpoint/read.ts";
import { writeSafetensors } from "../../src/checkpoint/write.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { tensor, tinyTensors } from "./tiny-safetensors.ts";

test("a checkpoint replaces the one before it and leaves nothing beside it", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "last.safetensors");
  writeSafetensors(path, tinyTensors(), {});
  writeSafetensors(path, [tensor("w", [1], [5])], {});
  t.deepEqual([...readSafetensors(path).tensors.keys()], ["w"]);
  t.deepEqual(readdirSync(folder), ["last.safetensors"]);
});

test("a checkpoint that cannot be written says why and leaves nothing behind", (t) => {
  const folder = temporaryFolder(t);
  const absent = t.throws(() => writeSafetensors(join(folder, "no", "x"), tinyTensors(), {}), {
    instanceOf: EnvironmentError,
  });
  t.regex(absent.message, /cannot write .*\/no\/x: its folder does not exist, or takes no files \(ENOENT\)/);
  mkdirSync(join(folder, "taken"));
  writeFileSync(join(folder, "taken", "mine"), "1");
  const taken = t.throws(() => writeSafetensors(join(folder, "taken"), tinyTensors(), {}), {
    instanceOf: EnvironmentError,
  });
  t.regex(taken.message, /cannot write .*taken: /);
  t.deepEqual(readdirSync(folder), ["taken"]);
  t.is(readFileSync(join(folder, "taken", "mine"), "utf8"), "1");
});

test("names that the format cannot hold are refused before a file is touched", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x");
  for (const name of ["", "a\nb", "__metadata__", "\ud800", "n".repeat(1025)]) {
    const error = t.throws(() => writeSafetensors(path, [tensor(name, [1], [1])], {}), {
      instanceOf: InputError,
    });
    t.is(error.code, "parameter-name");
  }
  const twice = [tensor("a", [1], [1]), tensor("b", [1], [1]), tensor("a", [1], [2])];
  t.throws(() => writeSafetensors(path, twice, {}), { instanceOf: InputError, message: /"a" occurs twice/ });
  t.throws(() => writeSafetensors(path, [tensor("a", [2, 2], [1])], {}), { instanceOf: RangeError });
  t.deepEqual(readdirSync(folder), []);
});
