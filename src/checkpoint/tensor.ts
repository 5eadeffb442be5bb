/** A named f32 tensor as checkpoints know it, the rules for its name, and the one order of names. */

export interface NamedTensor {
  /** At most 1024 characters, none of them a control character. */
  readonly name: string;
  /** E.g. [10, 128]; [] for a scalar. */
  readonly shape: readonly number[];
  /** Row-major, as many as the product of `shape`; may be a view on shared memory. */
  readonly data: Float32Array;
}

const LONGEST_NAME = 1024;

/** What is wrong with a tensor's name, or null. A name is only ever a key, never a path, so "../x" is harmless. */
export function nameProblem(name: string): string | null {
  if (name === "") return "is empty";
  if (name.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`;
  if (/\p{Cc}/u.test(name)) return "has a control character";
  if (!name.isWellFormed()) return "is not well-formed Unicode";
  return name === "__metadata__" ? "is reserved" : null;
}

/** Sorts a copy by the UTF-8 bytes of the names, which no locale and no UTF-16 order can change. */
export function sortedByName<T extends { readonly name: string }>(named: Iterable<T>): T[] {
  const keyed = Array.from(named, (one) => ({ one, key: Buffer.from(one.name, "utf8") }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ one }) => one);
}

/** The product of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((all, one) => all * one, 1);
}

/** The tensor's bytes where they lie: little endian, as all machines that Lockstep runs on. */
export function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
