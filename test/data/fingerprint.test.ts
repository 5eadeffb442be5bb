import test from "ava";
import { dataSha256 } from "../../src/data/fingerprint.ts";

const images = Uint8Array.from({ length: 40 * 3 }, (_, index) => index * 7);
const labels = Uint8Array.from({ length: 40 }, (_, index) => index % 10);
const changed = (bytes: Uint8Array, index: number) =>
  bytes.map((byte, at) => (at === index ? byte ^ 1 : byte));

test("every label counts, and every byte of images 0, 16, 32, …", (t) => {
  const before = dataSha256(images, labels, 3);
  for (const index of [0, 1, 39]) t.not(dataSha256(images, changed(labels, index), 3), before);
  for (const image of [0, 16, 32])
    for (const byte of [0, 2]) t.not(dataSha256(changed(images, 3 * image + byte), labels, 3), before);
  t.is(dataSha256(changed(images, 3 * 15 + 2), labels, 3), before);
  t.is(dataSha256(images.slice(), labels.slice(), 3), before);
});

test("the shape counts: the same bytes as fewer, wider images are other data", (t) => {
  t.not(dataSha256(images, labels.subarray(0, 20), 6), dataSha256(images, labels.subarray(0, 20), 3));
  t.not(dataSha256(images, labels.subarray(0, 20), 3), dataSha256(images, labels, 3));
});

test("bytes in shared memory have the same fingerprint", (t) => {
  const shared = new Uint8Array(new SharedArrayBuffer(images.length));
  shared.set(images);
  t.is(dataSha256(shared, labels, 3), dataSha256(images, labels, 3));
});
