/** A thread for barrier.test.ts: one rank that meets the others as it is told, and says what it saw. */
import { parentPort, workerData } from "node:worker_threads";
import type { LockstepError } from "../../src/base/errors.ts";
import { Barrier, spinCount } from "../../src/rank/barrier.ts";
import { controlWords } from "../../src/rank/control.ts";

export interface Meeting {
  readonly memory: WebAssembly.Memory;
  readonly rank: number;
  readonly ranks: number;
  readonly rounds: number;
  readonly timeoutMs: number;
  /** Longest random delay before a meeting; 0 for none. */
  readonly delayUs: number;
}

export type Account =
  | { readonly type: "here" }
  | {
      readonly type: "gone";
      /** Rounds after which some other rank was not where it should be. */
      readonly strays: number;
      readonly error: { code: string; message: string; rank: number | undefined } | null;
      /** When it ended, in ms since 1970. */
      readonly atMs: number;
    };

const { memory, rank, ranks, rounds, timeoutMs, delayUs } = workerData as Meeting;
const words = controlWords(memory, 0, ranks);
/** The round that each rank is in, beyond the control words. */
const places = new Int32Array(memory.buffer, 32768, ranks);
const barrier = new Barrier(words, { rank, ranks, timeoutMs, spins: spinCount(words, ranks) });

let state = rank + 1;
function dawdle(): void {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  const until = performance.now() + ((state / 2 ** 32) * delayUs) / 1000;
  while (performance.now() < until);
}

/** A rank may be one round ahead (it met the others and went on), never behind. */
function isAstray(round: number): boolean {
  return Array.from(places, (_, other) => Atomics.load(places, other)).some(
    (place) => place !== round && place !== round + 1,
  );
}

const tell = (account: Account) => parentPort?.postMessage(account);
let strays = 0;
let error: LockstepError | null = null;
tell({ type: "here" });
try {
  for (let round = 1; round <= rounds; round++) {
    if (delayUs > 0) dawdle();
    Atomics.store(places, rank, round);
    barrier.meet();
    if (isAstray(round)) strays++;
  }
} catch (thrown) {
  error = thrown as LockstepError;
}
tell({
  type: "gone",
  strays,
  error: error && { code: error.code, message: error.message, rank: error.where.rank },
  atMs: performance.timeOrigin + performance.now(),
});
