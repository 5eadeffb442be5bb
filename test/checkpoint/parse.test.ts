import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { InputError } from "../../src/base/errors.ts";
import { readSafetensors } from "../../src/checkpoint/read.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { fileBytes, writeFile } from "./tiny-safetensors.ts";

function refused(t: ExecutionContext, bytes: Uint8Array, message: RegExp, code = "checkpoint-broken"): void {
  const path = writeFile(temporaryFolder(t), bytes);
  const error = t.throws(() => readSafetensors(path), { instanceOf: InputError });
  t.is(error.code, code);
  t.true(error.message.startsWith(path), error.message);
  t.regex(error.message, message);
  t.notRegex(error.message, /\p{Cc}/u);
}

const W = '"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

test("a file without our metadata is read", (t) => {
  const path = writeFile(temporaryFolder(t), fileBytes(`{${W}}   `, 8));
  const { tensors, metadata } = readSafetensors(path);
  t.deepEqual([...tensors.get("w")!.data], [0, 0]);
  t.deepEqual(Object.keys(metadata), []);
});

test("the length of a header is bounded by the format and by the file", (t) => {
  refused(t, Buffer.alloc(0), /0 bytes long, shorter/);
  refused(t, Buffer.alloc(7), /7 bytes long, shorter/);
  refused(t, Buffer.alloc(9), /does not start with \{/);
  refused(t, Buffer.alloc(64, 0xff), /header would be 18446744073709551615 bytes/);
  const length = Buffer.alloc(16);
  length.writeBigUInt64LE(100n, 0);
  refused(t, length, /cut off: 16 bytes, its header ends at 108/);
});

test("a header that is not a JSON object in UTF-8 is refused", (t) => {
  refused(t, fileBytes(`[{${W}}]`, 8), /does not start with \{/);
  refused(t, fileBytes(` {${W}}`, 8), /does not start with \{/);
  refused(t, fileBytes(`\ufeff{${W}}`, 8), /does not start with \{/);
  refused(t, fileBytes(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 0), /not UTF-8/);
  refused(t, fileBytes(`{${W}`, 8), /not JSON/);
  refused(t, fileBytes(`{${W}}x`, 8), /not JSON/);
  refused(t, fileBytes(`{${W}, "\u0007`, 8), /not JSON/);
  refused(t, fileBytes(`{"w":${"[".repeat(100_000)}`, 0), /nested deeper/);
});

test("a repeated key is refused, however it is spelt", (t) => {
  refused(t, fileBytes(`{${W},${W}}`, 8), /the key "w" twice/);
  refused(t, fileBytes(`{${W},${W.replace('"w"', '"\\u0077"')}}`, 8), /the key "w" twice/);
  refused(
    t,
    fileBytes(`{${W.replace('"shape":[2]', `"shape":[2],"shape"${" ".repeat(99)}:[2]`)}}`, 8),
    /"shape" twice/,
  );
  refused(t, fileBytes(`{"__metadata__":{"a":"1","a":"2"},${W}}`, 8), /the key "a" twice/);
});

test("a key and a value, or keys of two objects, may be the same", (t) => {
  const header = `{"__metadata__":{"a":"a","w":"\\"a\\":"},${W}}`;
  t.is(readSafetensors(writeFile(temporaryFolder(t), fileBytes(header, 8))).metadata.w, '"a":');
});

test("metadata is text to text", (t) => {
  refused(t, fileBytes(`{"__metadata__":{"a":1},${W}}`, 8), /no text at "a"/);
  refused(t, fileBytes(`{"__metadata__":["a"],${W}}`, 8), /not an object/);
  refused(t, fileBytes(`{"__metadata__":null,${W}}`, 8), /not an object/);
});

test("hostile names are refused or are only names", (t) => {
  refused(t, fileBytes(`{${W.replace('"w"', '""')}}`, 8), /name of its tensor "" is empty/);
  refused(t, fileBytes(`{${W.replace('"w"', '"a\\u0000b"')}}`, 8), /control character/);
  refused(t, fileBytes(`{${W.replace('"w"', '"\\u009b1m"')}}`, 8), /control character/);
  refused(t, fileBytes(`{${W.replace('"w"', '"\\ud800"')}}`, 8), /well-formed/);
  refused(t, fileBytes(`{${W.replace('"w"', `"${"n".repeat(1025)}"`)}}`, 8), /"n{79}….* longer than 1024/);
  for (const name of ["__proto__", "constructor", "hasOwnProperty", "../../etc/passwd", "C:\\\\x"]) {
    const path = writeFile(temporaryFolder(t), fileBytes(`{${W.replace('"w"', `"${name}"`)}}`, 8));
    t.deepEqual([...readSafetensors(path).tensors.keys()], [name.replace("\\\\", "\\")]);
  }
  const metadata = `{"__metadata__":{"__proto__":"x"},${W}}`;
  const read = readSafetensors(writeFile(temporaryFolder(t), fileBytes(metadata, 8)));
  t.deepEqual(Object.entries(read.metadata), [["__proto__", "x"]]);
  t.is(({} as { x?: string }).x, undefined);
});

test("types other than F32 are named as not supported, unknown ones as unsound", (t) => {
  refused(
    t,
    fileBytes(`{${W.replace("F32", "BF16")}}`, 8),
    /"w" is of type BF16; only F32/,
    "checkpoint-type",
  );
  refused(t, fileBytes(`{${W.replace("F32", "f32")}}`, 8), /unknown type "f32"/);
  refused(t, fileBytes(`{${W.replace('"F32"', "7")}}`, 8), /unknown type 7/);
  refused(t, fileBytes(`{${W.replace('"dtype":"F32",', "")}}`, 8), /unknown type none/);
});

test("a tensor needs exactly a type, a shape and offsets", (t) => {
  refused(t, fileBytes('{"w":[1]}', 0), /"w" is not described/);
  refused(t, fileBytes('{"w":null}', 0), /"w" is not described/);
  refused(t, fileBytes(`{${W.replace("shape", "shapes")}}`, 8), /unknown field "shapes"/);
  refused(t, fileBytes(`{${W.replace('"shape":[2],', "")}}`, 8), /no sound shape: none/);
  for (const shape of ["[-2]", "[2.5]", '["2"]', "{}", "[1e300]", "[-0]", "[null]", "2"]) {
    refused(t, fileBytes(`{${W.replace("[2]", shape)}}`, 8), /"w" has no sound shape/);
  }
  for (const offsets of ["[0]", "[0,8,9]", "[-1,8]", "[0,8.5]", "[0,null]", "8", "[0,9007199254740993]"]) {
    refused(t, fileBytes(`{${W.replace("[0,8]", offsets)}}`, 8), /"w" has no sound offsets/);
  }
});

test("offsets outside the file, reversed, or of another length than the shape are refused", (t) => {
  refused(
    t,
    fileBytes(`{${W.replace("[0,8]", "[0,800000000]")}}`, 8),
    /bytes 0 to 800000000, outside the file's 8/,
  );
  refused(t, fileBytes(`{${W.replace("[0,8]", "[8,0]")}}`, 8), /outside/);
  refused(t, fileBytes(`{${W.replace("[2]", "[3]")}}`, 8), /shape \[3\], which is not its 8 bytes/);
  refused(t, fileBytes(`{${W.replace("[2]", "[4294967296,4294967296,2]")}}`, 8), /which is not its 8 bytes/);
});

test("holes, overlaps and unused bytes are refused", (t) => {
  const v = (start: number) => `"v":{"dtype":"F32","shape":[2],"data_offsets":[${start},${start + 8}]}`;
  refused(t, fileBytes(`{${W},${v(12)}}`, 20), /"v" leaves a hole before it: it starts at byte 12, not 8/);
  refused(t, fileBytes(`{${W},${v(4)}}`, 12), /"v" overlaps .* starts at byte 4, not 8/);
  refused(t, fileBytes(`{${W},${v(0)}}`, 8), /overlaps/);
  refused(t, fileBytes(`{${W},${v(8)}}`, 20), /end at byte 16 of 20/);
  refused(t, fileBytes("{}", 4), /end at byte 0 of 4/);
});

test("a missing file or a folder in its place is named", (t) => {
  const folder = temporaryFolder(t);
  const absent = t.throws(() => readSafetensors(join(folder, "absent")), { instanceOf: InputError });
  t.regex(absent.message, /cannot read .*absent: it does not exist \(ENOENT\)/);
  mkdirSync(join(folder, "inner"));
  const inner = t.throws(() => readSafetensors(join(folder, "inner")), { instanceOf: InputError });
  t.is(inner.code, "not-a-file");
});
