import test from "ava";
import { copyBytes } from "../../src/transport/copy.ts";

const SIZES = [0, 1, 64, 4095, 4096, 4097, 100_000];
const AT = 64;

test("bytes go from and to shared memory, all of them and no others, whatever their number", (t) => {
  const kinds = { shared: SharedArrayBuffer, own: ArrayBuffer };
  for (const [name, From] of Object.entries(kinds))
    for (const [other, To] of Object.entries(kinds))
      for (const size of SIZES) {
        const from = new Uint8Array(new From(size + 7), 7);
        for (let i = 0; i < size; i++) from[i] = i % 251;
        const to = new Uint8Array(new To(AT + size + 100)).fill(255);
        copyBytes(from, to, AT);
        const expected = new Uint8Array(to.length).fill(255);
        expected.set(from, AT);
        t.true(Buffer.from(to).equals(Buffer.from(expected)), `${name} to ${other}, ${size}`);
      }
});
