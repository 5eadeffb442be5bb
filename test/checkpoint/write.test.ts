import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import { SLICE_BYTES } from "../../src/base/slices.ts";
import { readSafetensors } from "../../src/checkpoint/read.ts";
import { writeSafetensors, writingSafetensors } from "../../src/checkpoint/write.ts";
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

test("a large checkpoint is hashed and written in slices, and is the same; half of one is none", (t) => {
  const folder = temporaryFolder(t);
  const count = (2.5 * SLICE_BYTES) / 4;
  const large = {
    name: "w",
    shape: [count],
    data: Float32Array.from({ length: count }, (_, index) => index),
  };
  const writing = writingSafetensors(join(folder, "sliced"), [large], {});
  let slices = 0;
  while (!writing.next().done) slices++;
  t.is(slices, 3 + 3);
  writeSafetensors(join(folder, "whole"), [large], {});
  t.true(readFileSync(join(folder, "sliced")).equals(readFileSync(join(folder, "whole"))));
  const given = writingSafetensors(join(folder, "given up"), [large], {});
  for (let slice = 0; slice < 5; slice++) given.next();
  t.is(readdirSync(folder).length, 3);
  given.return();
  t.deepEqual(readdirSync(folder).sort(), ["sliced", "whole"]);
});
