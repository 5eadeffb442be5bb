import test from "ava";
import { allTwins } from "./twins.ts";

const twins = allTwins(1 << 16);

test("a thread of Node keeps subnormals, and a plain binary is never fused", (t) => {
  for (const { engine, kernels } of twins) {
    t.is(kernels.keepsSubnormals(), 1, engine);
    if (engine.startsWith("plain")) t.is(kernels.fused(), 0, engine);
  }
});

test("kernels and twins of one binary are of one FMA class", (t) => {
  for (const { engine, kernels, reference } of twins) t.is(kernels.fused(), reference.fused(), engine);
});
