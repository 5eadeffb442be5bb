/** One thread's part of a measurement: our kernel, a peer and the machine's peak in turns, in time with the other threads. */
import type { Kernels } from "../kernels/abi.ts";
import type { Arena } from "../program/arena.ts";
import type { Barrier } from "../rank/barrier.ts";
import { WORD } from "../rank/control.ts";
import { bytesOf, type KernelCase } from "./case.ts";
import type { OpenBlas } from "./openblas.ts";
import { fill } from "./operand.ts";
import { isAlone } from "./product-kernels.ts";
import { type Roofs, reserveApart } from "./roofs.ts";
import { callsASample, sharedClockUs } from "./sampling.ts";

/** When one thing's sample began and ended, round for round, on the clock that all threads share. */
export interface Timing {
  /** Calls of a sample. */
  readonly calls: number;
  readonly startsUs: readonly number[];
  readonly endsUs: readonly number[];
}

export interface Samples {
  readonly ours: Timing;
  /** The loop that shows the machine's peak, and what one call of it does. */
  readonly roof: Timing;
  readonly roofWork: number;
  readonly peer: Timing | null;
}

/** A sample lasts about so long; of several threads longer, since a thread that slept at the barrier comes late by 50 µs. */
const SAMPLE_US = 1500;
const SAMPLE_TOGETHER_US = 6000;

/** What the threads of a measurement share. */
export interface Together {
  readonly thread: number;
  readonly threads: number;
  readonly rounds: number;
  readonly barrier: Barrier;
  /** Control words: the number of calls a sample, thread 0's, is in those of operands. */
  readonly words: Int32Array;
}

export function measureCase(
  { kernel, operands, shape }: KernelCase,
  kernels: Kernels,
  memory: WebAssembly.Memory,
  arena: Arena,
  roofs: Roofs,
  peer: OpenBlas | null,
  together: Together,
): Samples {
  const values = operands.map((operand) => {
    if (typeof operand === "number") return operand;
    const address = reserveApart(arena, operand.bytes);
    fill(memory, address, operand);
    return address;
  });
  // Addresses above 2 GiB become negative here and positive again in the kernel: an i32 has no sign of its own.
  const ours = (kernels[kernel] as (...integers: number[]) => void).bind(
    null,
    ...values.map((value) => value | 0),
  );
  const roof = shape ? roofs.multiplyAdds : roofs.copy(bytesOf(operands));
  const contestants = [ours, roof.call];
  if (shape && peer && isAlone(kernel))
    contestants.push(peer.sgemm(memory, values[0], values[1], values[2], shape));
  const [own, peak, other = null] = takeTurns(contestants, shape === null, together);
  return { ours: own, roof: peak, roofWork: roof.work, peer: other };
}

/**
 * Samples of each, round after round; every other round goes backwards, so that nobody always follows the same. With `warms`, a
 * call that is not timed brings the operands back into the caches: a sample of large arrays has one call only.
 */
function takeTurns(calls: readonly (() => void)[], warms: boolean, together: Together): Timing[] {
  const { thread, threads, rounds, barrier, words } = together;
  for (const [index, call] of calls.entries()) {
    barrier.meet();
    const count = callsASample(call, threads === 1 ? SAMPLE_US : SAMPLE_TOGETHER_US);
    if (thread === 0) words[WORD.operand + index] = count;
  }
  barrier.meet();
  const timings = calls.map((_, index) => ({
    calls: words[WORD.operand + index],
    startsUs: [] as number[],
    endsUs: [] as number[],
  }));
  for (let round = 0; round < rounds; round++) {
    const order = [...calls.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const call = calls[index];
      if (warms) call();
      barrier.meet();
      timings[index].startsUs.push(sharedClockUs());
      for (let left = timings[index].calls; left > 0; left--) call();
      timings[index].endsUs.push(sharedClockUs());
    }
  }
  return timings;
}
