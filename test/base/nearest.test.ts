import test from "ava";
import { nearest } from "../../src/base/nearest.ts";

const WORDS = ["mnist", "fashion-mnist", "cifar10"];

test("one or two edits are near: insert, delete, replace, swap of neighbours, case", (t) => {
  t.is(nearest("mnst", WORDS), "mnist");
  t.is(nearest("mnistt", WORDS), "mnist");
  t.is(nearest("minst", WORDS), "mnist");
  t.is(nearest("MNIST", WORDS), "mnist");
  t.is(nearest("cifar100", WORDS), "cifar10");
  t.is(nearest("fashionmnits", WORDS), "fashion-mnist");
  t.is(nearest("abcdef", ["badcef"]), "badcef");
});

test("a short word must be nearer than a long one", (t) => {
  t.is(nearest("lr", ["x", "ls"]), null);
  t.is(nearest("mpl", ["mlp"]), "mlp");
  t.is(nearest("foo", ["fma", "tool"]), null);
  t.is(nearest("abcde", ["badce"]), null);
});

test("the nearest of several wins, and nothing beyond the limit is near", (t) => {
  t.is(nearest("dp3", ["tp2", "dp2"]), "dp2");
  t.is(nearest("imagenet", WORDS), null);
  t.is(nearest("kaist", WORDS), null);
  t.is(nearest("", WORDS), null);
  t.is(nearest("xy", ["ab"]), null);
});
