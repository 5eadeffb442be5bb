import { createHash } from "node:crypto";
import test from "ava";
import { weightsSha256 } from "../../src/checkpoint/weights.ts";
import { tensor, tinyTensors } from "./tiny-safetensors.ts";

/** The slow twin: one value at a time through a DataView. */
function slowSha256(parts: [name: string, values: number[]][]): string {
  const hash = createHash("sha256");
  for (const [name, values] of parts) {
    hash.update(Buffer.from(`${name}\n`, "utf8"));
    for (const value of values) {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value);
      hash.update(bytes);
    }
  }
  return hash.digest("hex");
}

test("the hash is over name, newline and little-endian values, in the order of the names", (t) => {
  const [weight, bias] = tinyTensors();
  const expected = slowSha256([
    ["linear1.bias", [0.25, -1]],
    ["linear1.weight", [1, -2, 3.5, 0, -0, 1e-40]],
  ]);
  t.is(weightsSha256([weight, bias]), expected);
  t.is(weightsSha256(new Set([bias, weight])), expected);
});

test("names are ordered by their UTF-8 bytes, not by locale or UTF-16", (t) => {
  const names = ["\u{1f600}", "\uff5e", "a", "B", "a.b", "a10", "a9", "é"];
  const ordered = ["B", "a", "a.b", "a10", "a9", "é", "\uff5e", "\u{1f600}"];
  const expected = slowSha256(ordered.map((name) => [name, [1]]));
  t.is(weightsSha256(names.map((name) => tensor(name, [1], [1]))), expected);
});

test("the sign of zero and every bit of a value count", (t) => {
  const hashes = [0, -0, 1, 1 + 2 ** -23, 2 ** -149].map((value) =>
    weightsSha256([tensor("w", [1], [value])]),
  );
  t.is(new Set(hashes).size, 5);
});

test("weights that are not all finite have no hash", (t) => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    t.is(weightsSha256([tensor("a", [1], [1]), tensor("w", [3], [0, value, 2])]), null);
  }
  t.is(weightsSha256([tensor("w", [2], [3.4028234663852886e38, -3.4028234663852886e38])])?.length, 64);
});
