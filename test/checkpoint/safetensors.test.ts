import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { InputError } from "../../src/base/errors.ts";
import { readSafetensors } from "../../src/checkpoint/read.ts";
import { type NamedTensor, nameProblem } from "../../src/checkpoint/tensor.ts";
import { writeSafetensors } from "../../src/checkpoint/write.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { tensor, tinyTensors, writeFile } from "./tiny-safetensors.ts";

/** What two tensors' equality means here: name, shape and bits. */
function bits({ name, shape, data }: NamedTensor): [string, readonly number[], number[]] {
  return [name, shape, [...new Uint32Array(data.slice().buffer)]];
}

/** A file that Python's numpy reads as its header says. */
const KNOWN_GOOD = [
  '{"__metadata__":{"epoch":"2","format":"pt",',
  '"lockstep.format":"1","lockstep.sha256":"3d32a27cd8dc66cfed06d5583fb5e40786434f90001ad2291ca00ce70de4a444"},',
  '"linear1.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},',
  '"linear1.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]}}',
].join("");

test("a written file has these bytes", (t) => {
  const path = join(temporaryFolder(t), "weights.safetensors");
  writeSafetensors(path, tinyTensors(), { epoch: "2" });
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  t.is(length % 8, 0);
  t.is(
    bytes
      .subarray(8, 8 + length)
      .toString("utf8")
      .trimEnd(),
    KNOWN_GOOD,
  );
  t.is(
    bytes.subarray(8 + length).toString("hex"),
    "0000803e000080bf" + "0000803f000000c00000604000000000000000" + "80c2160100",
  );
});

test("what was written is read back: names, shapes, bits and metadata", (t) => {
  const path = join(temporaryFolder(t), "weights.safetensors");
  writeSafetensors(path, tinyTensors(), { epoch: "2", note: "ü\n" });
  const { tensors, metadata } = readSafetensors(path);
  t.deepEqual({ ...metadata }, { epoch: "2", format: "pt", note: "ü\n" });
  const [weight, bias] = tinyTensors();
  t.deepEqual([...tensors.values()].map(bits), [bits(bias), bits(weight)]);
  t.deepEqual([...tensors.keys()], ["linear1.bias", "linear1.weight"]);
});

test("any tensors with names that the format can hold make the round trip", (t) => {
  const folder = temporaryFolder(t);
  const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => nameProblem(text) === null);
  const hostile = fc.constantFrom(
    "__proto__",
    "constructor",
    "../x",
    "/etc/passwd",
    "7",
    "toString",
    "a.b",
    "\u2028",
  );
  const values = fc.float32Array({ maxLength: 40 });
  const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 });
  const property = fc.property(fc.dictionary(fc.oneof(name, hostile), values), metadata, (named, extra) => {
    const written = Object.entries(named).map(([key, data]) => ({
      name: key,
      shape: [1, data.length],
      data,
    }));
    const path = join(folder, "x.safetensors");
    writeSafetensors(path, written, extra);
    const { tensors, metadata } = readSafetensors(path);
    t.is(tensors.size, written.length);
    for (const one of written) t.deepEqual(bits(tensors.get(one.name)!), bits(one));
    t.deepEqual(Object.entries(metadata).sort(), Object.entries({ format: "pt", ...extra }).sort());
  });
  t.notThrows(() => fc.assert(property, { numRuns: 60 }));
});

test("no tensors, scalars and empty tensors make the round trip", (t) => {
  const path = join(temporaryFolder(t), "x.safetensors");
  writeSafetensors(path, [], {});
  t.is(readSafetensors(path).tensors.size, 0);
  const written = [tensor("a", [0, 5], []), tensor("b", [], [7]), tensor("c", [3, 0], [])];
  writeSafetensors(path, written, {});
  t.deepEqual([...readSafetensors(path).tensors.values()].map(bits), written.map(bits));
});

test("every truncation of a file is refused", (t) => {
  const folder = temporaryFolder(t);
  writeSafetensors(join(folder, "whole"), tinyTensors(), { epoch: "2" });
  const whole = readFileSync(join(folder, "whole"));
  for (let length = 0; length < whole.byteLength; length++) {
    const error = t.throws(() => readSafetensors(writeFile(folder, whole.subarray(0, length))));
    if (!(error instanceof InputError)) return t.fail(`${length}: ${error}`);
  }
  const longer = Buffer.concat([whole, Buffer.alloc(4)]);
  t.throws(() => readSafetensors(writeFile(folder, longer)), {
    instanceOf: InputError,
    message: /end at byte 32 of 36/,
  });
});

test("a changed byte anywhere in a file is refused", (t) => {
  const folder = temporaryFolder(t);
  writeSafetensors(join(folder, "whole"), tinyTensors(), { epoch: "2" });
  const whole = readFileSync(join(folder, "whole"));
  for (let at = 0; at < whole.byteLength; at++) {
    for (const flip of [1, 0x20, 0x80]) {
      const changed = Buffer.from(whole);
      changed[at] ^= flip;
      const error = t.throws(
        () => readSafetensors(writeFile(folder, changed)),
        undefined,
        `byte ${at} ^ ${flip}`,
      );
      if (!(error instanceof InputError)) return t.fail(`byte ${at} ^ ${flip}: ${error}`);
    }
  }
});

test("whatever is done to a header, the answer is tensors or an InputError", (t) => {
  const folder = temporaryFolder(t);
  writeSafetensors(join(folder, "whole"), tinyTensors(), {});
  const whole = readFileSync(join(folder, "whole"));
  const headerEnd = 8 + Number(whole.readBigUInt64LE(0));
  const edit = fc.record({
    at: fc.nat(headerEnd - 1),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:0-'))),
  });
  const property = fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
    const changed = Buffer.from(whole);
    for (const { at, byte } of edits) changed[at] = byte;
    try {
      readSafetensors(writeFile(folder, changed));
      return true;
    } catch (thrown) {
      return thrown instanceof InputError;
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
});
