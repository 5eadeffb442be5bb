/** How long a call takes: many calls a sample, so that the clock and a chance interruption weigh little. */

/** No more calls a sample than this, however short they are. */
const MOST_CALLS = 1 << 20;

/** Microseconds of a clock that all threads of a process share. */
export const sharedClockUs = (): number => Number(process.hrtime.bigint()) / 1e3;

/** Microseconds of one call, over `calls` of them. */
export function timeCalls(call: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  return ((performance.now() - start) * 1000) / calls;
}

/**
 * The calls that make a sample of about `sampleUs`; they are made on the way, so that afterwards V8 has
 * optimised what it will.
 */
export function callsASample(call: () => void, sampleUs: number): number {
  for (let calls = 1; ; calls *= 4) {
    const us = timeCalls(call, calls);
    if (us * calls >= sampleUs / 4 || calls >= MOST_CALLS)
      return Math.min(MOST_CALLS, Math.max(1, Math.round(sampleUs / us)));
  }
}
