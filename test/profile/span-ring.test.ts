/** The ring of a main thread's work: which of it is kept. */
import test from "ava";
import { SpanRing } from "../../src/profile/span-ring.ts";

test("the ring keeps the last that was wanted, in the order in which it ended, and counts what it lost", (t) => {
  let wanted = false;
  const ring = new SpanRing(() => wanted, 3);
  ring.end("order", -1, 0);
  t.deepEqual([ring.spans(), ring.dropped], [[], 0]);
  wanted = true;
  for (const subject of [1, 2, 3, 4])
    ring.end(subject % 2 === 0 ? "send" : "receive", subject, subject / 1000);
  wanted = false;
  ring.end("evaluate", -1, 0);
  t.deepEqual(
    ring.spans().map(({ name, subject, begunMs }) => [name, subject, begunMs]),
    [
      ["send", 2, 0.002],
      ["receive", 3, 0.003],
      ["send", 4, 0.004],
    ],
  );
  t.is(ring.dropped, 1);
  t.true(ring.spans().every(({ begunMs, endedMs }) => endedMs > begunMs));
});
