import test from "ava";
import { classesOf, refuseAbove } from "../../src/data/labels.ts";

test("classes are one more than the highest label, up to all 256", (t) => {
  t.is(classesOf(Uint8Array.of(0), "x"), 1);
  t.is(classesOf(Uint8Array.of(2, 0, 1, 1), "x"), 3);
  t.is(
    classesOf(
      Uint8Array.from({ length: 512 }, (_, i) => i),
      "x",
    ),
    256,
  );
});

test("a gap in the labels is refused at its first item, wherever the gap is", (t) => {
  t.throws(() => classesOf(Uint8Array.of(3, 1, 2), "x"), {
    message: /item 0 of x has label 3, but no item has label 0/,
  });
  t.throws(() => classesOf(Uint8Array.of(0, 1, 0, 3), "x"), {
    message: /item 3 of x has label 3, but no item has label 2/,
  });
});

test("only labels of `classes` and above are refused", (t) => {
  t.notThrows(() => refuseAbove(Uint8Array.of(0, 2, 1), 3, "x"));
  t.throws(() => refuseAbove(Uint8Array.of(0, 3), 3, "x"), { message: /item 1 of x has label 3/ });
});
