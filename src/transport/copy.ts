/**
 * Copies bytes from or to shared memory at memcpy's rate: `set` of a typed array takes twice as long there,
 * since V8 copies word by word.
 */

const { copy } = Buffer.prototype;

/** Short copies are over before the call into Node's own code has begun. */
const SHORT_BYTES = 4096;

/** All of `from` to `to`, from its byte `at`. */
export function copyBytes(from: Uint8Array, to: Uint8Array, at: number): void {
  if (from.length < SHORT_BYTES) to.set(from, at);
  else copy.call(from, to, at);
}
