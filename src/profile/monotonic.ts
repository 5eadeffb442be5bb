/** From a thread's own clock to the one that all threads and processes of a host share. */

const TRIES = 20;

/**
 * What is to be added to this thread's performance.now() to have ms of the host's monotonic clock.
 * performance.now() counts from a time that may be each thread's own; it makes no garbage, which
 * hrtime.bigint() does. Right to half the shortest of several looks at both, less than a microsecond.
 */
export function monotonicOffsetMs(): number {
  let offsetMs = 0;
  let shortest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < TRIES; look++) {
    const before = process.hrtime.bigint();
    const ownMs = performance.now();
    const after = process.hrtime.bigint();
    const length = Number(after - before);
    if (length >= shortest) continue;
    shortest = length;
    offsetMs = Number(before + (after - before) / 2n) / 1e6 - ownMs;
  }
  return offsetMs;
}
