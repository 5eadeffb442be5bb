/** The checker of traces finds what viewers would stumble over. */
import test from "ava";
import type { TraceDocument, TraceEvent } from "../../src/profile/chrome-trace.ts";
import { traceFaults } from "./trace-format.ts";

const slice = (ts: number, dur: number): TraceEvent => ({ ph: "X", name: "a", ts, dur, pid: 0, tid: 0 });
const arrow = (ph: "s" | "f", ts: number): TraceEvent => {
  return { ph, name: "a", cat: "b", id: "1", ts, pid: 0, tid: 0, ...(ph === "f" && { bp: "e" }) };
};

function faults(...traceEvents: TraceEvent[]): string[] {
  const document = {
    ...{ schemaVersion: 1, deviceProperties: [], displayTimeUnit: "ns", baseTimeNanoseconds: 1 },
    ...{ distributedInfo: { backend: "x", rank: 0, world_size: 1 }, lockstep: {}, traceEvents },
  };
  return traceFaults(document as unknown as TraceDocument, true);
}

test("slices inside of others and after others are right", (t) => {
  t.deepEqual(
    faults(slice(0, 10), slice(0, 5), slice(5, 5), slice(10, 1), arrow("s", 2), arrow("f", 10.5)),
    [],
  );
});

for (const [what, events] of [
  ["slices that overlap", [slice(0, 10), slice(5, 10)]],
  ["a slice without an end", [{ ...slice(0, 1), dur: undefined }]],
  ["a slice of negative length", [slice(5, -1)]],
  ["a thread without a name", [{ ph: "M", name: "thread_name", pid: 0, tid: 0, args: {} }]],
  ["an arrow without an end", [slice(0, 10), arrow("s", 2)]],
  ["an arrow with two ends", [slice(0, 10), arrow("s", 2), arrow("f", 3), arrow("f", 4)]],
  ["an arrow whose ends are of two kinds", [slice(0, 10), arrow("s", 2), { ...arrow("f", 3), cat: "c" }]],
  ["an arrow that ends before it begins", [slice(0, 10), arrow("s", 8), arrow("f", 2)]],
  ["an arrow that ends in no slice", [slice(0, 10), arrow("s", 2), arrow("f", 12)]],
] as const)
  test(`${what}: that is found`, (t) => {
    t.is(faults(...events).length, 1);
  });
