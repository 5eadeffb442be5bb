import test from "ava";
import { RankError } from "../../src/base/errors.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import { controlBytes, controlWords, WORD } from "../../src/rank/control.ts";
import { Gates, gateWords } from "../../src/rank/gates.ts";

/** The first of two ranks, which the world calls rank 4, before a gate that both must pass. */
function beforeOneGate() {
  const memory = createMemory(65536);
  const control = controlWords(memory, 0, 2);
  const words = gateWords(memory, controlBytes(2), 1);
  const gate = { passage: "forward", stage: 0, microBatch: 0, gang: { first: 0, ranks: 2 } } as const;
  const options = { rank: 0, firstRank: 4, control, gates: [gate], spins: 1, timeoutMs: 250 };
  return { gates: new Gates(words, options), control };
}

test("a gate is open when all its gang has passed it, in every step anew", (t) => {
  const { gates } = beforeOneGate();
  for (let step = 0; step < 3; step++) {
    gates.begin();
    gates.pass(0);
    gates.pass(0);
    t.notThrows(() => gates.hold(0));
  }
  gates.begin();
  gates.pass(0);
  t.throws(() => gates.hold(0), { instanceOf: RankError, code: "rank-late" });
});

test("who stands still before a gate is named by the world's number", (t) => {
  const { gates } = beforeOneGate();
  gates.begin();
  const error = t.throws(() => gates.hold(0), { instanceOf: RankError });
  t.is(error.message, "rank 4 waited 0.25 s for rank 5");
  t.deepEqual(error.where, { rank: 5, operation: "pipeline" });
});

test("who waits at a gate leaves when another rank has failed", (t) => {
  const { gates, control } = beforeOneGate();
  gates.begin();
  Atomics.store(control, WORD.abort, 1);
  const error = t.throws(() => gates.hold(0), { instanceOf: RankError, code: "aborted" });
  t.deepEqual(error.where, { rank: 4 });
});
