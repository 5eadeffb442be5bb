import test from "ava";
import { costsOf } from "../../src/bench/link-costs.ts";

test("costs come from the time of one hop and the rate of a long ring", (t) => {
  const costs = costsOf(4, 200, 6 * 100 + 3 * 2 ** 20);
  t.is(costs.latencyUs + costs.messageUs, 100);
  t.is(costs.bytesPerUs, 1);
});
