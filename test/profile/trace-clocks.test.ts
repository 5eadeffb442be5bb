/** Clocks of several hosts made one: by the messages between them, or as well as their wall clocks know. */
import { gunzipSync } from "node:zlib";
import test from "ava";
import * as fc from "fast-check";
import type { TraceDocument } from "../../src/profile/chrome-trace.ts";
import { mergeTraces } from "../../src/profile/trace-merge.ts";
import { timelineOf } from "../../src/profile/trace-timeline.ts";
import { traceFaults } from "./trace-format.ts";
import { drawn, message } from "./traces.ts";

/** Messages there and back between processes 0 and 1, of two hosts, the second of which is `aheadUs` ahead. */
function twoHosts(aheadUs: number, delaysUs: readonly (readonly [number, number])[]): TraceDocument[] {
  const shared = { ranks: 2, processes: 2, picture: "kkkkkkkkkk" };
  const sent = delaysUs.map((_, index) => 10 + 100 * index);
  const both = (side: 0 | 1) =>
    delaysUs.flatMap(([there, back], index) => {
      const at = (us: number) => [us, us, us + 1] as const;
      const backSent = sent[index] + 50;
      return side === 0
        ? [
            ...message("out", [0, 1], index, at(sent[index])),
            ...message("in", [1, 0], index, at(backSent + back)),
          ]
        : [
            ...message("in", [0, 1], index, at(sent[index] + there)),
            ...message("out", [1, 0], index, at(backSent)),
          ];
    });
  return [
    drawn({ ...shared, rank: 0, boot: "a", monotonicUs: 1000, links: both(0) }),
    drawn({ ...shared, rank: 1, process: 1, boot: "b", monotonicUs: 1000 + aheadUs, links: both(1) }),
  ];
}

test("the clock of another host is known to half the quickest way there and back, and no worse than that is said", (t) => {
  const delay = fc.integer({ min: 1, max: 40 });
  const delays = fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), delays, (aheadUs, delaysUs) => {
      const [own, other] = timelineOf(twoHosts(aheadUs, delaysUs)).clocks;
      t.like(own, { by: "itself", offsetUs: 0, errorUs: 0 });
      const quickest = [0, 1].map((way) => Math.min(...delaysUs.map((pair) => pair[way])));
      t.is(other.by, "messages");
      t.is(other.errorUs, (quickest[0] + quickest[1]) / 2);
      t.true(Math.abs(other.offsetUs + aheadUs) <= (other.errorUs ?? 0));
    }),
  );
});

test("a host that only its neighbour talks with is known by way of it, with the errors of both", (t) => {
  const at = (us: number) => [us, us, us] as const;
  const shared = { ranks: 3, processes: 3, picture: "kkk" };
  const ways = (self: number, pairs: readonly (readonly [number, number])[]) =>
    pairs.flatMap((pair) =>
      message(pair[0] === self ? "out" : "in", pair, 0, at(pair[0] === self ? 10 : 14)),
    );
  const documents = [
    drawn({
      ...shared,
      rank: 0,
      boot: "a",
      links: ways(0, [
        [0, 1],
        [1, 0],
      ]),
    }),
    drawn({
      ...shared,
      rank: 1,
      process: 1,
      boot: "b",
      monotonicUs: 100,
      links: ways(1, [
        [0, 1],
        [1, 0],
        [1, 2],
        [2, 1],
      ]),
    }),
    drawn({
      ...shared,
      rank: 2,
      process: 2,
      boot: "c",
      monotonicUs: 900,
      links: ways(2, [
        [1, 2],
        [2, 1],
      ]),
    }),
  ];
  const clocks = timelineOf(documents).clocks.map(({ boot, offsetUs, errorUs }) => [boot, offsetUs, errorUs]);
  t.deepEqual(clocks, [
    ["a", 0, 0],
    ["b", -100, 4],
    ["c", -900, 8],
  ]);
});

test("without messages both ways there is the wall clock, and nobody knows how wrong it is", (t) => {
  const other = { rank: 1, process: 1, boot: "b", monotonicUs: 900, baseTimeNanoseconds: 1_500_000 };
  const documents = [drawn({ rank: 0, picture: "k" }), drawn({ ...other, picture: "k" })];
  t.like(timelineOf(documents).clocks[1], { by: "wall clock", offsetUs: 600, errorUs: null });
});

test("a merged trace keeps to the format, has the arrows that have both ends, and says how clocks were made one", (t) => {
  const documents = twoHosts(7000, [
    [4, 4],
    [9, 3],
  ]);
  const [first, second] = documents;
  const edge = message("out", [0, 1], 99, [990, 991, 992]);
  const all = [{ ...first, traceEvents: [...first.traceEvents, ...edge] }, second];
  const text = gunzipSync(mergeTraces(all, timelineOf(all))).toString();
  const merged: TraceDocument = JSON.parse(text);
  t.deepEqual(traceFaults(merged, true), []);
  const arrows = merged.traceEvents.filter(({ ph }) => ph === "s" || ph === "f");
  t.is(arrows.length, 2 * 4);
  for (const { id, ts } of arrows.filter(({ ph }) => ph === "s")) {
    const end = arrows.find((arrow) => arrow.ph === "f" && arrow.id === id);
    t.true((end?.ts ?? 0) >= (ts ?? 0));
  }
  const { clocks, messagesBeforeSent, ranks } = merged.lockstep as unknown as Record<string, unknown>;
  t.deepEqual([messagesBeforeSent, ranks], [0, [0, 1]]);
  t.like(clocks, [{ by: "itself" }, { by: "messages", errorUs: 3.5 }]);
});
