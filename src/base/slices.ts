/**
 * Long work in slices: a generator that yields between them. Whoever drives it lets others have their turn
 * there: a main thread that gives no sign of life for long is taken for dead.
 */

export type Sliced<Result> = Generator<void, Result>;

/** Of what is read, hashed or written in one slice: a tenth of a second at most, some seconds on a disk that crawls. */
export const SLICE_BYTES = 2 ** 24;

export function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let first = 0; first < bytes.length; first += SLICE_BYTES)
    yield bytes.subarray(first, first + SLICE_BYTES);
}

/** For who has nothing else to do meanwhile. */
export function atOnce<Result>(work: Sliced<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
