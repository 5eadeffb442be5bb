/** What a rank's time went to, from drawn traces; and who came last. */
import test from "ava";
import * as fc from "fast-check";
import { arrivalsOf, busiestOf, stragglerOf } from "../../src/profile/trace-arrivals.ts";
import { kernelTotals } from "../../src/profile/trace-kernels.ts";
import { merged, SHARES, sharesOf } from "../../src/profile/trace-shares.ts";
import { timelineOf } from "../../src/profile/trace-timeline.ts";
import { drawn, message } from "./traces.ts";

test("each kind of instruction has its share, and time between steps is idle", (t) => {
  const [{ share, steps, stepUs }] = sharesOf(
    timelineOf([drawn({ rank: 0, picture: "ggkkkkbb..gkkbww.kb" })]),
  );
  const percent = 100 / 19;
  t.deepEqual([steps, stepUs], [3, 190 / 3]);
  for (const [name, letters] of [
    ["compute", 7],
    ["data", 3],
    ["bubble", 4],
    ["exposedCommunication", 2],
    ["overlappedCommunication", 0],
    ["idle", 3],
  ] as const)
    t.true(Math.abs(share[name] - letters * percent) < 1e-9, name);
});

test("a kernel overlaps with a message from where it is enqueued to where it is in its place, on other hosts' clocks, too", (t) => {
  const pair = [0, 1] as const;
  const documents = [
    drawn({
      rank: 0,
      ranks: 2,
      processes: 2,
      picture: "kkkkkkkkkk",
      links: message("out", pair, 1, [20, 21, 25]),
    }),
    drawn({
      ...{ rank: 1, process: 1, ranks: 2, processes: 2, picture: "kkkkkwwwww", monotonicUs: 5 },
      links: message("in", pair, 1, [55, 58, 65]),
    }),
  ];
  const [first, second] = sharesOf(timelineOf(documents)).map(({ share }) => share);
  // On its way from 20 to 70; the second's kernel runs from 5 to 55.
  t.deepEqual([first.compute, first.overlappedCommunication], [50, 50]);
  t.deepEqual([second.compute, second.overlappedCommunication, second.exposedCommunication], [15, 35, 50]);
});

for (const [what, wait, enqueuedUs, [bubble, exposed]] of [
  ["that is made before", "kkkkkWWWWW", 50, [0, 50]],
  ["that is made meanwhile", "kkkkkWWWWW", 80, [30, 20]],
  ["that is made as the wait ends, or later by the clocks' error", "kkkkkWWWWW", 104, [50, 0]],
  ["that nobody has recorded", "kkkkkwwwww", 80, [0, 50]],
] as const)
  test(`a wait for a transfer ${what} is ${bubble} of ${bubble + exposed} bubble`, (t) => {
    const two = { ranks: 2, processes: 2 };
    const pair = [0, 1] as const;
    const times = [enqueuedUs, enqueuedUs + 1, enqueuedUs + 2] as const;
    const documents = [
      drawn({ ...two, rank: 0, picture: "kkkkkkkkkk", links: message("out", pair, 7, times) }),
      drawn({ ...two, rank: 1, process: 1, picture: wait, links: message("in", pair, 7, times) }),
    ];
    const [, { share }] = sharesOf(timelineOf(documents));
    t.deepEqual([share.compute, share.bubble, share.exposedCommunication], [50, bubble, exposed]);
  });

test("what all processes add is made when the last of them begins to send, step by step", (t) => {
  const three = { ranks: 3, processes: 3 };
  const sent = (from: number, to: number, us: number, step: number) =>
    message("out", [from, to], us, [us, us, us + 1], step);
  const documents = [
    drawn({
      ...three,
      rank: 0,
      picture: "kWWWWWWWWW kWWWWWWWWW",
      links: [...sent(0, 1, 10, 1), ...sent(0, 1, 120, 2)],
    }),
    drawn({
      ...three,
      rank: 1,
      process: 1,
      picture: "kkkkk",
      links: [...sent(1, 2, 50, 1), ...sent(1, 2, 95, 1)],
    }),
    drawn({
      ...three,
      rank: 2,
      process: 2,
      picture: "kkk",
      links: [...sent(2, 0, 30, 1), ...sent(2, 0, 140, 2)],
    }),
  ];
  const [{ share }] = sharesOf(timelineOf(documents));
  // From 10 to 50, and from 120 to 140.
  t.true(Math.abs(share.bubble - (100 * 60) / 210) < 1e-9);
  t.true(Math.abs(share.exposedCommunication - (100 * 120) / 210) < 1e-9);
});

test("of any trace the shares add up to 100 per cent, and none is negative", (t) => {
  const letters = fc.array(fc.constantFrom("k", "g", "b", "h", "w", "W", "s", "."), {
    minLength: 1,
    maxLength: 60,
  });
  const times = fc.array(fc.nat(700), { maxLength: 12 });
  fc.assert(
    fc.property(letters, times, (parts, starts) => {
      const links = starts.flatMap((us, index) => message("out", [0, 1], index, [us, us + 3, us + 40]));
      const [{ share, steps }] = sharesOf(timelineOf([drawn({ rank: 0, picture: parts.join(""), links })]));
      const sum = SHARES.reduce((total, name) => total + share[name], 0);
      t.true(steps === 0 ? sum === 0 : Math.abs(sum - 100) < 1e-9);
      t.true(SHARES.every((name) => share[name] > -1e-9));
    }),
  );
});

test("merged intervals cover what the intervals cover, and do not touch", (t) => {
  const interval = fc.tuple(fc.nat(50), fc.nat(10)).map(([from, length]) => [from, from + length] as const);
  const covers = (all: readonly (readonly [number, number])[], us: number) =>
    all.some(([from, to]) => from <= us && us <= to);
  fc.assert(
    fc.property(fc.array(interval), (intervals) => {
      const found = merged(intervals);
      for (let us = 0; us < 61; us += 0.5) t.is(covers(found, us), covers(intervals, us));
      t.true(found.every(([from], index) => index === 0 || from > found[index - 1][1]));
    }),
  );
});

test("at a barrier the rank that begins to wait last is the last, and by how much", (t) => {
  const timeline = timelineOf([
    drawn({ rank: 0, ranks: 3, picture: "kkbbbbkbbb" }),
    drawn({ rank: 1, ranks: 3, picture: "kkkkkbkkkb" }),
    drawn({ rank: 2, ranks: 3, picture: "kkkbbbkkbb" }),
  ]);
  const arrivals = arrivalsOf(timeline);
  t.deepEqual(
    arrivals.map(({ meetings, last, laterUs }) => [meetings, last, laterUs]),
    [
      [2, 0, 0],
      [2, 2, 30],
      [2, 0, 0],
    ],
  );
  t.is(stragglerOf(arrivals, 100)?.rank, 1);
  t.is(stragglerOf(arrivals, 1000), null);
});

for (const [what, pictures, later, names] of [
  ["whose turn comes later is not late", ["kkhhhhkkb", "hhkkhkkbb"], [1, 0, 0], []],
  ["that has more to do is not slow", ["hhkkKKb", "kkhhhhb"], [1, 20, 20], ["busiest"]],
  ["that shares no work with others is taken to have more", ["hhKKKKb", "kkhhhhb"], [1, 20, 20], ["busiest"]],
  [
    "that is slow at what it shares is so at the rest",
    ["hhkkkkKKKKb", "kkhhhhhhhhb"],
    [1, 60, 20],
    ["straggler", "busiest"],
  ],
] as const)
  test(`in a pipeline a rank ${what}`, (t) => {
    const ranks = pictures.length;
    const arrivals = arrivalsOf(timelineOf(pictures.map((picture, rank) => drawn({ rank, ranks, picture }))));
    const told = arrivals.map(({ last, laterUs, workUs }) => [last, laterUs, workUs]);
    t.deepEqual(told, [[...later], [0, 0, 0]]);
    t.is(stragglerOf(arrivals, 100)?.rank, names.includes("straggler" as never) ? 0 : undefined);
    t.is(busiestOf(arrivals, 100)?.rank, names.includes("busiest" as never) ? 0 : undefined);
  });

test("stages of several processes are compared by how long they are at work, whatever their clocks", (t) => {
  const two = { ranks: 2, processes: 2 };
  const arrivals = arrivalsOf(
    timelineOf([
      drawn({ ...two, rank: 0, picture: "hskkkkb" }),
      drawn({ ...two, rank: 1, process: 1, picture: "kkswwwwwb", boot: "b", monotonicUs: 5000 }),
    ]),
  );
  const told = arrivals.map(({ meetings, last, laterUs, workUs }) => [meetings, last, laterUs, workUs]);
  t.deepEqual(told, [
    [1, 1, 20, 0],
    [1, 0, 0, 0],
  ]);
});

test("ranks of several processes are compared by how long they are at work, though each waits for the other", (t) => {
  const two = { ranks: 3, processes: 2 };
  const arrivals = arrivalsOf(
    timelineOf([
      drawn({ ...two, rank: 0, picture: "kkswwwwkb" }),
      drawn({ ...two, rank: 1, process: 1, picture: "kkkswwkbb" }),
      drawn({ ...two, rank: 2, process: 1, picture: "KKkkkswkb" }),
    ]),
  );
  t.deepEqual(
    arrivals.map(({ meetings, last, laterUs }) => [meetings, last, laterUs]),
    [
      [1, 0, 0],
      [1, 0, 0],
      [1, 1, 20],
    ],
  );
});

test("what is done between steps makes nobody late, such as a checkpoint that one process writes", (t) => {
  const two = { ranks: 2, processes: 2 };
  const arrivals = arrivalsOf(
    timelineOf([
      drawn({ ...two, rank: 0, picture: "kkb.....kkb" }),
      drawn({ ...two, rank: 1, process: 1, picture: "kkb.kkwwwwb" }),
    ]),
  );
  t.deepEqual(
    arrivals.map(({ meetings, laterUs }) => [meetings, laterUs]),
    [
      [2, 0],
      [2, 0],
    ],
  );
});

test("ranks that are late in turns are not named, one that is so more often is", (t) => {
  const named = (one: string, other: string) => {
    const pictures = [one, other];
    const arrivals = arrivalsOf(
      timelineOf(pictures.map((picture, rank) => drawn({ rank, ranks: 2, picture }))),
    );
    return stragglerOf(arrivals, 200)?.rank;
  };
  t.is(named("kkkkb kbbbb", "kbbbb kkkkb"), undefined);
  t.is(named("kkkkb kbbbb kkkkb", "kbbbb kkkkb kbbbb"), 0);
});

test("what passes through processes one after the other makes none of them late", (t) => {
  const one = drawn({ rank: 0, ranks: 2, processes: 2, picture: "kkswwwwb" });
  const other = drawn({ rank: 1, process: 1, ranks: 2, processes: 2, picture: "wwwwkksb" });
  t.deepEqual(
    arrivalsOf(timelineOf([one, other])).map(({ meetings, laterUs }) => [meetings, laterUs]),
    [
      [1, 0],
      [1, 0],
    ],
  );
});

test("kernels are summed by name, against the peak", (t) => {
  const [total, ...others] = kernelTotals(timelineOf([drawn({ rank: 0, picture: "kkb kkb" })]));
  t.deepEqual(others, []);
  t.like(total, { kernel: "gemmNN", calls: 2, us: 40, share: 100, gflops: 50, percentOfPeak: 25 });
});
