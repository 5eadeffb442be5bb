import { once } from "node:events";
import { Worker } from "node:worker_threads";
import test from "ava";
import { createMemory } from "../../src/kernels/memory.ts";
import { beatWord, controlWords, WORD } from "../../src/rank/control.ts";
import type { Account, Meeting } from "./meeting-rank.ts";

type Gone = Extract<Account, { type: "gone" }>;

/** Starts those of `ranks` ranks that `present` lists; resolves when they run. `gone` resolves when they have ended. */
async function start(present: readonly number[], meeting: Omit<Meeting, "rank" | "memory">, firstRound = 0) {
  const memory = createMemory(65536);
  const words = controlWords(memory, 0, meeting.ranks);
  words[WORD.round] = firstRound;
  const threads = present.map((rank) => {
    const workerData: Meeting = { ...meeting, memory, rank };
    const worker = new Worker(new URL("./meeting-rank.js", import.meta.url), { workerData });
    const here = once(worker, "message");
    const gone = new Promise<Gone>((resolve, reject) => {
      worker
        .on("message", (account: Account) => account.type === "gone" && resolve(account))
        .on("error", reject);
    });
    return { here, gone };
  });
  await Promise.all(threads.map(({ here }) => here));
  return { words, gone: Promise.all(threads.map(({ gone }) => gone)) };
}

for (const [ranks, rounds, delayUs] of [
  [2, 20_000, 0],
  [2, 2000, 60],
  [3, 1000, 60],
  [7, 300, 60],
])
  test.serial(
    `${ranks} ranks meet ${rounds} times, after delays of up to ${delayUs} us, and none is left behind`,
    async (t) => {
      // The count of rounds wraps round meanwhile.
      const everyone = Array.from({ length: ranks }, (_, rank) => rank);
      const { words, gone } = await start(
        everyone,
        { ranks, rounds, delayUs, timeoutMs: 30_000 },
        0x7fffff00,
      );
      for (const { strays, error } of await gone) {
        t.is(error, null);
        t.is(strays, 0);
      }
      t.is(words[WORD.round], (0x7fffff00 + rounds) | 0);
      t.is(words[WORD.sleepers], 0);
    },
  );

test.serial("a rank that failed wakes those who wait for it at once", async (t) => {
  const latenciesMs: number[] = [];
  for (let attempt = 0; attempt < 5 && !latenciesMs.some((latency) => latency < 100); attempt++) {
    const { words, gone } = await start([0, 2], { ranks: 3, rounds: 1, delayUs: 0, timeoutMs: 60_000 });
    while (Atomics.load(words, WORD.sleepers) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    const abortedMs = performance.timeOrigin + performance.now();
    Atomics.store(words, WORD.abort, 1);
    Atomics.notify(words, WORD.round);
    const all = await gone;
    t.deepEqual(
      all.map(({ error }) => error?.code),
      ["aborted", "aborted"],
    );
    latenciesMs.push(Math.max(...all.map(({ atMs }) => atMs)) - abortedMs);
  }
  t.true(Math.min(...latenciesMs) < 100, `${latenciesMs} ms`);
});

test.serial("a rank that does not come is named by those who waited for it", async (t) => {
  const { gone } = await start([0, 2], { ranks: 4, rounds: 1, delayUs: 0, timeoutMs: 300 });
  const errors = (await gone).map(({ error }) => error);
  t.deepEqual(errors, [
    { code: "rank-late", message: "rank 0 waited 0.3 s for rank 1, 3", rank: 1 },
    { code: "rank-late", message: "rank 2 waited 0.3 s for rank 1, 3", rank: 1 },
  ]);
});

test.serial("a rank that gives signs of life is waited for, until it gives none", async (t) => {
  const { words, gone } = await start([1], { ranks: 2, rounds: 1, delayUs: 0, timeoutMs: 750 });
  for (let beat = 0; beat < 20; beat++) {
    Atomics.add(words, beatWord(0), 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.is(Atomics.load(words, WORD.sleepers), 1, `after ${beat} beats`);
  }
  const [{ error }] = await gone;
  t.deepEqual(error, { code: "rank-late", message: "rank 1 waited 0.75 s for rank 0", rank: 0 });
});

test.serial("of two that do not come, only the one that gives no signs of life is named", async (t) => {
  const { words, gone } = await start([1], { ranks: 3, rounds: 1, delayUs: 0, timeoutMs: 750 });
  const beats = setInterval(() => Atomics.add(words, beatWord(0), 1), 50);
  t.teardown(() => clearInterval(beats));
  const [{ error }] = await gone;
  t.deepEqual(error, { code: "rank-late", message: "rank 1 waited 0.75 s for rank 2", rank: 2 });
});
